//! checkov finds no weakness without a reason beside it: in the rendered chart, in the GitOps tree, and in the files from
//! which a builder makes the images. It asks no server.
//!
//!     cargo test -p cluster --test security

mod common;

use std::{fs, path::Path, process::Command};

use cluster::Tool;
use common::{
    chart, ci_values, python_packages, stdout,
    tree::{CLUSTERS, DEPLOY, Tree},
    workspace,
};
use serde_json::Value;

/// Findings that are right as they are.
struct Accepted {
    check: &'static str,
    /// The files with the finding, without endings; empty for all.
    files: &'static [&'static str],
    /// The beginnings of the objects with the finding; empty for all.
    objects: &'static [&'static str],
    reason: &'static str,
}

const TESTS: &[&str] = &["Pod.tracker.tracker-test-"];

const ACCEPTED: &[Accepted] = &[
    Accepted {
        check: "CKV_K8S_8",
        files: &[],
        objects: TESTS,
        reason: "A pod of `helm test` ends by itself, and is not to be restarted.",
    },
    Accepted {
        check: "CKV_K8S_9",
        files: &[],
        objects: TESTS,
        reason: "No Service sends requests to a pod of `helm test`.",
    },
    Accepted {
        check: "CKV_K8S_10",
        files: &["long-names"],
        objects: &[],
        reason: "These values remove the requests, as a user may.",
    },
    Accepted {
        check: "CKV_K8S_11",
        files: &[],
        objects: &[],
        reason: "A CPU limit slows a container down while its node is idle; on a busy node the requests share the CPU. Where \
                 Spin runs the component it has a limit, because nothing else stops a guest.",
    },
    Accepted {
        check: "CKV_K8S_12",
        files: &["long-names"],
        objects: &[],
        reason: "These values remove the requests, as a user may.",
    },
    Accepted {
        check: "CKV_K8S_13",
        files: &["long-names"],
        objects: &[],
        reason: "These values remove the limits, as a user may.",
    },
    Accepted {
        check: "CKV_K8S_15",
        files: &[],
        objects: &[],
        reason: "With its image on the node a pod also starts without the registry. A published version does not change; a \
                 user of a tag that does sets `pullPolicy`.",
    },
    Accepted {
        check: "CKV_K8S_35",
        files: &[],
        objects: &[
            "CronJob.tracker.tracker-collect",
            "Deployment.tracker.tracker-web",
            "Job.tracker.tracker-collect-first-",
            "Job.tracker.tracker-migrate",
            "Pod.tracker.tracker-test-database",
            "StatefulSet.tracker.tracker-database",
        ],
        reason: "Rails and psql read URLs, keys and passwords from the environment. A container has one user, who could read \
                 a mounted file as well.",
    },
    Accepted {
        check: "CKV_K8S_40",
        files: &[],
        objects: &["StatefulSet.tracker.tracker-database"],
        reason: "It is the id of `postgres` in the image.",
    },
    Accepted {
        check: "CKV_K8S_40",
        files: &["openshift"],
        objects: &[],
        reason: "OpenShift assigns high ids itself, and refuses fixed ones.",
    },
    Accepted {
        check: "CKV_K8S_43",
        files: &[],
        objects: &[],
        reason: "A published version does not change, and PostgreSQL's tag brings the fixes of a major version. A user can set \
                 each `digest`.",
    },
    Accepted {
        check: "CKV2_K8S_6",
        files: &["autoscaled", "default", "gitops", "runtime-class", "spinkube"],
        objects: &[],
        reason: "NetworkPolicies are for a user who knows the addresses of the database and of the DNS servers: a wrong one \
                 cuts a pod off.",
    },
    Accepted {
        check: "CKV_DOCKER_2",
        files: &["component", "rails"],
        objects: &[],
        reason: "OCI's image format has no health check; Kubernetes has probes.",
    },
    Accepted {
        check: "CKV_DOCKER_7",
        files: &["component", "rails"],
        objects: &[],
        reason: "The base is an argument, which checkov does not resolve. Its default has a version.",
    },
];

/// A pod that is planted in every file: checkov leaves out a file that it can't read, and says nothing.
const PLANTED: &str = "
---
{apiVersion: v1, kind: Pod, metadata: {name: planted, namespace: tracker}, spec: {containers: [{name: planted,
image: planted, securityContext: {privileged: true}}]}}
";

#[derive(Debug)]
struct Finding {
    check: String,
    #[allow(dead_code, reason = "a message shows it")]
    name: String,
    /// The file without its ending.
    file: String,
    object: String,
}

impl Finding {
    fn is(&self, accepted: &Accepted) -> bool {
        self.check == accepted.check
            && (accepted.files.is_empty() || accepted.files.contains(&self.file.as_str()))
            && (accepted.objects.is_empty() || accepted.objects.iter().any(|it| self.object.starts_with(it)))
    }

    fn is_accepted(&self) -> bool {
        ACCEPTED.iter().any(|accepted| self.is(accepted))
    }
}

/// What checkov finds in the files of a directory.
fn findings(directory: &Path) -> Vec<Finding> {
    let mut checkov = Command::new("python3");
    checkov.args(["-m", "checkov.main", "--directory=.", "--skip-download", "--soft-fail"]);
    checkov.args(["--output=json", "--quiet", "--compact"]);
    checkov.args(["--framework", "kubernetes", "dockerfile"]);
    checkov.current_dir(directory);
    checkov.env("PYTHONPATH", python_packages("checkov"));
    // With a user's key it would send the findings to its maker. It would also ask the registry for a newer version.
    checkov.env("HOME", directory).env_remove("BC_API_KEY");
    checkov.env("CKV_SKIP_PACKAGE_UPDATE_CHECK", "TRUE");
    let reports: Value = serde_json::from_str(&stdout(&mut checkov)).unwrap();
    let frameworks = reports.as_array().unwrap().iter();
    frameworks
        .flat_map(|report| report["results"]["failed_checks"].as_array().unwrap())
        .map(|finding| {
            let text = |field: &str| finding[field].as_str().unwrap().to_owned();
            let path = text("file_path");
            let (file, _) = path.trim_start_matches('/').split_once('.').unwrap();
            Finding {
                check: text("check_id"),
                name: text("check_name"),
                file: file.to_owned(),
                object: text("resource"),
            }
        })
        .collect()
}

/// The rendered chart. The release has the file's name: checkov takes all files for one cluster, in which the
/// NetworkPolicies of one release would select another one's pods.
fn rendered(name: &str, values: &Path) -> String {
    let mut helm = Tool::Helm.command().unwrap();
    helm.args([
        "template",
        name,
        "--namespace=tracker",
        "--set=fullnameOverride=tracker",
    ]);
    helm.arg("--kube-version").arg(Tool::kubernetes_version());
    stdout(helm.arg("--values").arg(values).arg(chart()))
}

/// The values of a cluster's tracker.
fn values_of(tree: &Tree, cluster: &str) -> String {
    let objects = tree.objects(&format!("{DEPLOY}/apps/{cluster}"), cluster);
    let release = objects.iter().find(|object| object["kind"] == "HelmRelease").unwrap();
    release["spec"]["values"].to_string()
}

/// The files from which a builder makes the images, by name.
fn containerfiles() -> [(&'static str, String); 2] {
    [("component", "ex3-stats-tracker"), ("rails", "ex3-stats-tracker/rails")].map(|(name, directory)| {
        let file = workspace().join(directory).join("Containerfile");
        (name, fs::read_to_string(file).unwrap())
    })
}

#[test]
fn checkov_finds_nothing_without_a_reason() {
    let (directory, values) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut files = Vec::new();
    for (name, values) in ci_values() {
        files.push((rendered(&name, &values), name));
    }
    let tree = Tree::with_spinkube();
    for cluster in CLUSTERS {
        let values = values.path().join(cluster);
        fs::write(&values, values_of(&tree, cluster)).unwrap();
        files.push((rendered(cluster, &values), cluster.to_owned()));
    }
    for path in tree.directories() {
        // Both clusters have the same versions' names.
        files.push((tree.applied(&path, CLUSTERS[0]), path.replace('/', "-")));
    }
    let write = |file: String, text: String| fs::write(directory.path().join(file), text).unwrap();
    for (text, name) in &files {
        write(format!("{name}.yaml"), format!("{text}{PLANTED}"));
    }
    for (name, text) in containerfiles() {
        write(format!("{name}.Dockerfile"), text);
    }

    let (planted, found): (Vec<_>, Vec<_>) = findings(directory.path())
        .into_iter()
        .partition(|finding| finding.object == "Pod.tracker.planted");
    for (_, name) in &files {
        let read = planted.iter().any(|it| it.file == *name && it.check == "CKV_K8S_16");
        assert!(read, "checkov did not read {name}");
    }
    let without_reason: Vec<_> = found.iter().filter(|finding| !finding.is_accepted()).collect();
    assert!(
        without_reason.is_empty(),
        "mend them, or give a reason: {without_reason:#?}"
    );
    for accepted in ACCEPTED {
        let there: Vec<_> = found.iter().filter(|finding| finding.is(accepted)).collect();
        let all_files = accepted
            .files
            .iter()
            .all(|file| there.iter().any(|it| it.file == *file));
        let is_in = |object: &&str| there.iter().any(|finding| finding.object.starts_with(object));
        assert!(
            !there.is_empty() && all_files && accepted.objects.iter().all(is_in),
            "{} is accepted where it is not found any more: {}",
            accepted.check,
            accepted.reason
        );
    }
}

#[test]
fn checkov_finds_mistakes() {
    let everything = chart().join("ci/everything-values.yaml");
    let chart = |name: &str| rendered(name, &everything);
    let cluster = format!("{DEPLOY}/clusters/staging");
    let [(_, component), _] = containerfiles();
    let mistakes = [
        (
            "privileged.yaml",
            chart("privileged"),
            "allowPrivilegeEscalation: false",
            "privileged: true",
            "CKV_K8S_16",
        ),
        (
            "writable.yaml",
            chart("writable"),
            "readOnlyRootFilesystem: true",
            "readOnlyRootFilesystem: false",
            "CKV_K8S_22",
        ),
        (
            "network.yaml",
            chart("network"),
            "enableServiceLinks: false",
            "hostNetwork: true",
            "CKV_K8S_19",
        ),
        (
            "open.yaml",
            chart("open"),
            "kind: NetworkPolicy",
            "kind: Other",
            "CKV2_K8S_6",
        ),
        (
            "flux.yaml",
            Tree::of_the_repository().applied(&cluster, "staging"),
            "namespace: flux-system",
            "namespace: default",
            "CKV_K8S_21",
        ),
        (
            "image.Dockerfile",
            component,
            "USER 65532:65532",
            "USER root",
            "CKV_DOCKER_8",
        ),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (file, text, from, to, _) in &mistakes {
        assert!(text.contains(from), "{text}");
        fs::write(directory.path().join(file), text.replace(from, to)).unwrap();
    }
    let found = findings(directory.path());
    for (file, .., check) in mistakes {
        let is_it = |it: &Finding| file.starts_with(&it.file) && it.check == check && !it.is_accepted();
        assert!(found.iter().any(is_it), "{file}: {check}: {found:#?}");
    }
}
