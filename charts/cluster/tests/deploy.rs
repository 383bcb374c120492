//! Consistency of the GitOps tree: directories, dependencies, versions, values, and the commands of the walk-through.
//!
//! Nothing here needs an API server: `kubectl kustomize` and `helm template` render without one.
//!
//!     cargo test -p cluster --test deploy

mod common;

use std::{collections::BTreeSet, fs, process::Command};

use cluster::{Tool, custom_resources};
use common::{
    scripts, stdout,
    tree::{CLUSTERS, DEPLOY, Tree, objects},
    workspace,
};
use serde_json::Value;

/// Namespaces that exist before Flux.
const BEFORE_FLUX: [&str; 1] = ["flux-system"];

/// The tree without and with SpinKube.
fn trees() -> [Tree; 2] {
    [Tree::of_the_repository(), Tree::with_spinkube()]
}

fn read(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The stdout of a command in the workspace's root, which must succeed.
fn output(command: &mut Command) -> String {
    stdout(command.current_dir(workspace()))
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// The objects of a kind. Kustomize's own kind `Kustomization` is in no rendering.
fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| text(object, "/kind") == kind).collect()
}

fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// A cluster's Flux Kustomizations in the order of their dependencies, each with its objects.
fn in_order(tree: &Tree, cluster: &str) -> Vec<(String, Vec<Value>)> {
    let objects = tree.cluster(cluster);
    let mut waiting = of_kind(&objects, "Kustomization");
    let mut done: Vec<(String, Vec<Value>)> = Vec::new();
    while !waiting.is_empty() {
        let ready = |kustomization: &Value| {
            list(kustomization, "/spec/dependsOn")
                .all(|dependency| done.iter().any(|(before, _)| before == text(dependency, "/name")))
        };
        let next = waiting
            .iter()
            .position(|kustomization| ready(kustomization))
            .unwrap_or_else(|| {
                let names: Vec<_> = waiting.iter().map(|kustomization| name(kustomization)).collect();
                panic!("{cluster}: {names:?} wait for each other, or for one that is not there")
            });
        let kustomization = waiting.remove(next);
        assert_eq!(text(kustomization, "/spec/sourceRef/name"), "flux-system");
        done.push((name(kustomization).to_owned(), tree.objects_of(kustomization, cluster)));
    }
    done
}

/// The release of the tracker on a cluster.
fn tracker(tree: &Tree, cluster: &str) -> Value {
    let applied = in_order(tree, cluster);
    let (_, objects) = applied.iter().find(|(name, _)| name == "apps").unwrap();
    let releases = of_kind(objects, "HelmRelease");
    assert_eq!(releases.len(), 1, "{cluster}");
    releases[0].clone()
}

/// The rendered chart with a cluster's values.
fn tracker_rendered(tree: &Tree, cluster: &str) -> Vec<Value> {
    let release = tracker(tree, cluster);
    let directory = tempfile::tempdir().unwrap();
    let values = directory.path().join("values.json");
    fs::write(&values, release["spec"]["values"].to_string()).unwrap();
    let mut helm = Tool::Helm.command().unwrap();
    helm.args(["template", text(&release, "/spec/releaseName"), "charts/stats-tracker"]);
    helm.args(["--namespace", namespace(&release), "--kube-version"]);
    helm.arg(Tool::kubernetes_version()).arg("--values").arg(&values);
    objects(&output(&mut helm))
}

#[test]
fn flux_goes_from_definitions_to_controllers_to_the_tracker() {
    let [tree, with_spinkube] = trees();
    let order = |tree, cluster| -> Vec<String> { in_order(tree, cluster).into_iter().map(|(name, _)| name).collect() };
    for cluster in CLUSTERS {
        assert_eq!(order(&tree, cluster), ["controllers", "apps"], "{cluster}");
        let mut all = order(&with_spinkube, cluster);
        assert_eq!(all.pop().as_deref(), Some("apps"), "{cluster}");
        all.retain(|name| name != "controllers");
        assert_eq!(
            all,
            ["spinkube-definitions", "spinkube-controllers", "spinkube-shim"],
            "{cluster}"
        );
    }
}

#[test]
fn every_cluster_begins_at_its_own_directory() {
    for cluster in CLUSTERS {
        let directory = format!("{DEPLOY}/clusters/{cluster}");
        let objects = Tree::of_the_repository().cluster(cluster);
        let instances = of_kind(&objects, "FluxInstance");
        assert_eq!(instances.len(), 1, "{cluster}");
        assert_eq!(text(instances[0], "/spec/sync/path"), directory);
        let apps = of_kind(&objects, "Kustomization")
            .into_iter()
            .find(|kustomization| name(kustomization) == "apps")
            .map(|kustomization| text(kustomization, "/spec/path").to_owned());
        assert_eq!(apps, Some(format!("./{DEPLOY}/apps/{cluster}")));
    }
}

/// Staging meets the configuration of Flux before production does.
#[test]
fn the_clusters_configure_flux_alike() {
    let [staging, production] = CLUSTERS.map(|cluster| {
        let objects = Tree::of_the_repository().cluster(cluster);
        let mut spec = of_kind(&objects, "FluxInstance")[0]["spec"].clone();
        spec["sync"]["path"].take();
        // It is promoted as the other versions are.
        spec["distribution"]["version"].take();
        spec
    });
    assert_eq!(staging, production);
    let gate = "--feature-gates=CancelHealthCheckOnNewRevision=true";
    let patch = text(&staging, "/kustomize/patches/0/patch");
    assert!(
        patch.contains(gate),
        "a repair would wait for the timeout of what it repairs: {patch}"
    );
}

#[test]
fn every_namespace_is_created_before_its_objects() {
    for (tree, cluster) in trees().iter().flat_map(|tree| CLUSTERS.map(|cluster| (tree, cluster))) {
        let mut there: BTreeSet<String> = BEFORE_FLUX.map(str::to_owned).into();
        for (kustomization, objects) in in_order(tree, cluster) {
            // Flux applies namespaces before the other objects of a Kustomization.
            there.extend(of_kind(&objects, "Namespace").into_iter().map(|it| name(it).to_owned()));
            for object in &objects {
                let namespace = namespace(object);
                assert!(
                    namespace.is_empty() || there.contains(namespace),
                    "{cluster}: {kustomization} has {} in {namespace}, which nothing before it makes",
                    name(object)
                );
            }
        }
    }
}

#[test]
fn every_release_has_a_chart_and_depends_on_existing_releases() {
    for (tree, cluster) in trees().iter().flat_map(|tree| CLUSTERS.map(|cluster| (tree, cluster))) {
        for (kustomization, objects) in in_order(tree, cluster) {
            let charts = of_kind(&objects, "OCIRepository");
            let releases = of_kind(&objects, "HelmRelease");
            let place = |object: &Value| (namespace(object).to_owned(), name(object).to_owned());
            for release in &releases {
                let chart = (
                    namespace(release).to_owned(),
                    text(release, "/spec/chartRef/name").to_owned(),
                );
                let found = charts.iter().find(|it| place(it) == chart);
                let found = found.unwrap_or_else(|| panic!("{cluster}: {kustomization} has no chart {chart:?}"));
                // Otherwise the chart's archive would be unpacked, but helm-controller needs the archive.
                assert_eq!(text(found, "/spec/layerSelector/operation"), "copy", "{chart:?}");
                for dependency in list(release, "/spec/dependsOn") {
                    let wanted = (
                        text(dependency, "/namespace").to_owned(),
                        text(dependency, "/name").to_owned(),
                    );
                    assert!(
                        releases.iter().any(|it| place(it) == wanted),
                        "{cluster}: no {wanted:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_secret_is_in_git_and_no_option_is_on() {
    let tree = Tree::of_the_repository();
    for cluster in CLUSTERS {
        let mut objects = tree.cluster(cluster);
        objects.extend(in_order(&tree, cluster).into_iter().flat_map(|(_, objects)| objects));
        assert!(of_kind(&objects, "Secret").is_empty(), "{cluster}");
        assert!(
            objects
                .iter()
                .all(|object| !["weave-gitops", "spin-operator"].contains(&name(object))),
            "{cluster}"
        );
    }
    let option = tree.objects(&format!("{DEPLOY}/options/weave-gitops"), "staging");
    assert_eq!(of_kind(&option, "HelmRelease").len(), 1);
}

#[test]
fn the_chart_needs_a_signature_with_the_option() {
    let chart = |tree: &Tree, cluster| {
        let applied = in_order(tree, cluster).into_iter().flat_map(|(_, objects)| objects);
        let mut charts = applied.filter(|it| text(it, "/kind") == "OCIRepository" && name(it) == "stats-tracker");
        charts.next().unwrap()
    };
    let (tree, with_signature) = (Tree::of_the_repository(), Tree::with_option("signature"));
    let command = scripts::text("signature.sh");
    for cluster in CLUSTERS {
        assert_eq!(chart(&tree, cluster)["spec"]["verify"], Value::Null, "{cluster}");
        let chart = chart(&with_signature, cluster);
        assert_eq!(text(&chart, "/spec/verify/provider"), "cosign", "{cluster}");
        let secret = text(&chart, "/spec/verify/secretRef/name");
        let creates = format!("--namespace {} create secret generic {secret} ", namespace(&chart));
        assert!(command.contains(&creates), "{creates}");
    }
}

/// A failed installation is not uninstalled, since that does not repair a database.
#[test]
fn a_failed_upgrade_is_rolled_back_and_nothing_is_uninstalled() {
    let tree = Tree::of_the_repository();
    for cluster in CLUSTERS {
        let release = tracker(&tree, cluster);
        assert_eq!(
            text(&release, "/spec/install/strategy/name"),
            "RetryOnFailure",
            "{cluster}"
        );
        assert_eq!(
            text(&release, "/spec/upgrade/strategy/name"),
            "RemediateOnFailure",
            "{cluster}"
        );
        assert_eq!(
            text(&release, "/spec/upgrade/remediation/strategy"),
            "rollback",
            "{cluster}"
        );
        // Without a retry the last failure would be left as it is.
        let retries = release["spec"]["upgrade"]["remediation"]["retries"].as_u64();
        assert!(retries.is_some_and(|retries| retries > 0), "{cluster}");
        assert_eq!(text(&release, "/spec/driftDetection/mode"), "enabled", "{cluster}");
    }
}

/// What staging runs is what production gets by a commit: both have the same names, and production only exact versions.
#[test]
fn versions_are_promoted_from_staging_to_production() {
    let tree = Tree::of_the_repository();
    let [staging, production] = CLUSTERS.map(|cluster| tree.versions(cluster));
    assert!(staging.keys().eq(production.keys()), "{staging:?} {production:?}");
    for (name, version) in &production {
        let numbers: Vec<_> = version.split('.').collect();
        let is_exact = numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok());
        assert!(is_exact, "{name} is {version}");
    }
    let charts = |cluster| {
        let charts = in_order(&tree, cluster).into_iter().flat_map(|(_, objects)| objects);
        charts
            .filter(|object| text(object, "/kind") == "OCIRepository")
            .collect::<Vec<_>>()
    };
    let version = |charts: &[Value], of: &str| {
        let chart = charts.iter().find(|chart| name(chart) == of).unwrap();
        text(chart, "/spec/ref/semver").to_owned()
    };
    assert_eq!(
        version(&charts("staging"), "stats-tracker"),
        ">=0.1.0-0",
        "also release candidates"
    );
    assert_eq!(version(&charts("production"), "stats-tracker"), "0.1.0");
    let shims =
        CLUSTERS.map(|cluster| tree.objects(&format!("{DEPLOY}/infrastructure/spinkube/shim/{cluster}"), cluster));
    for shim in shims {
        assert!(text(&shim[0], "/spec/fetchStrategy/platforms/0/location").contains("/v"));
    }
}

#[test]
fn the_operators_definitions_are_those_of_its_chart() {
    let tree = Tree::with_spinkube();
    for cluster in CLUSTERS {
        let applied = in_order(&tree, cluster);
        let all: Vec<Value> = applied.into_iter().flat_map(|(_, objects)| objects).collect();
        let repositories = of_kind(&all, "GitRepository");
        assert_eq!(repositories.len(), 1, "the definitions of the Spin operator");
        let tag = text(repositories[0], "/spec/ref/tag");
        let charts = of_kind(&all, "OCIRepository");
        let chart = charts.iter().find(|chart| name(chart) == "spin-operator").unwrap();
        assert_eq!(tag, format!("v{}", text(chart, "/spec/ref/semver")));
        let mut sources = custom_resources::SOURCES.iter();
        let tested = sources
            .find(|source| source.module.ends_with("/spin-operator"))
            .unwrap();
        assert_eq!(tested.version, tag, "the tests have other definitions");
    }
}

/// The walk-through installs the same charts by hand that Flux installs from Git.
#[test]
fn the_walk_through_has_the_versions_of_the_gitops_tree() {
    let tree = Tree::with_spinkube();
    let applied = in_order(&tree, "staging").into_iter().flat_map(|(_, objects)| objects);
    let charts: Vec<Value> = applied
        .filter(|object| text(object, "/kind") == "OCIRepository" && name(object) != "stats-tracker")
        .collect();
    assert!(charts.len() >= 4, "{charts:?}");
    let by_hand = ["flux.sh", "spinkube.sh"]
        .map(scripts::text)
        .concat()
        .replace("\\\n", " ");
    for chart in &charts {
        let name = name(chart);
        let command = by_hand
            .lines()
            .find(|line| line.starts_with(&format!("helm install {name} ")))
            .unwrap_or_else(|| panic!("no `helm install {name}`"));
        let mut words = command.split_whitespace();
        words.find(|word| *word == "--version").unwrap();
        let version = words.next().unwrap().trim_start_matches('v');
        assert_eq!(version, text(chart, "/spec/ref/semver"), "{name}");
        let url = text(chart, "/spec/url");
        assert!(by_hand.contains(url), "{name}: {url}");
    }
}

#[test]
fn the_chart_accepts_all_clusters_values() {
    let [tree, with_spinkube] = trees();
    for cluster in CLUSTERS {
        assert!(
            of_kind(&tracker_rendered(&tree, cluster), "SpinApp").is_empty(),
            "{cluster}"
        );
        assert_eq!(
            of_kind(&tracker_rendered(&with_spinkube, cluster), "SpinApp").len(),
            1,
            "{cluster}"
        );
    }
    assert_eq!(
        of_kind(&tracker_rendered(&tree, "staging"), "StatefulSet").len(),
        1,
        "a database of its own"
    );
    let production = tracker_rendered(&tree, "production");
    assert!(of_kind(&production, "StatefulSet").is_empty(), "a database of ours");
    assert!(
        of_kind(&production, "Secret").is_empty(),
        "each rendering would have other ones"
    );
}

#[test]
fn the_walk_through_creates_the_secrets_of_production() {
    let values = &tracker(&Tree::of_the_repository(), "production")["spec"]["values"];
    let commands = scripts::text("production.sh");
    for pointer in ["/rails/existingSecret", "/database/external/existingSecret"] {
        let secret = text(values, pointer);
        assert!(
            commands.contains(&format!("create secret generic {secret} ")),
            "{pointer}: {secret}"
        );
    }
}

#[test]
fn every_command_of_the_walk_through_is_shown_and_is_a_command() {
    let readmes = [
        read("ex3-stats-tracker/README.md"),
        read(&format!("{DEPLOY}/README.md")),
    ]
    .concat();
    for name in scripts::names() {
        let path = format!("{}/{name}", scripts::directory());
        output(Command::new("sh").args(["-n", &path]));
        for (region, _) in scripts::regions(&name) {
            let marker = format!("<!-- file: {path}#{region} -->");
            assert!(readmes.contains(&marker), "no README shows {name}'s {region}");
        }
    }
}

/// `service/NAME` and similar names are objects of the chart, with the release's name in the walk-through.
#[test]
fn the_walk_through_names_objects_of_the_chart() {
    let staging = tracker_rendered(&Tree::of_the_repository(), "staging");
    let made: BTreeSet<String> = staging
        .iter()
        .map(|object| format!("{}/{}", text(object, "/kind").to_lowercase(), name(object)))
        .collect();
    let mut named = 0;
    for script in scripts::names().iter().map(|name| scripts::text(name)) {
        for word in script.split(|letter: char| letter.is_whitespace() || letter == '=') {
            let kind = word.split_once('/').map(|(kind, _)| kind);
            if matches!(kind, Some("service" | "cronjob" | "statefulset" | "deployment"))
                && word != "service/flux-operator"
            {
                assert!(made.contains(word), "the chart makes no {word}: {made:?}");
                named += 1;
            }
        }
    }
    assert!(named > 0);
}
