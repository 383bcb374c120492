//! Kubernetes' own API server accepts all objects in the GitOps tree, with the definitions of their custom resources,
//! and the chart rendered with the tree's values. `deploy.rs` tests the tree's consistency.

mod common;

use std::fs;

use cluster::{ApiServer, Tool};
use common::{
    api_server, chart, output, stdout,
    tree::{CLUSTERS, Tree},
};
use serde_json::Value;

/// The API server's response to a dry run of a directory's objects.
fn accepted(server: &ApiServer, directory: &str, yaml: &str) -> Vec<Value> {
    // Each call needs its own file, because several tests use this server at the same time.
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    fs::write(&file, yaml).unwrap();
    let mut kubectl = server.kubectl();
    kubectl.args([
        "apply",
        "--server-side",
        "--dry-run=server",
        "--validate=strict",
        "--output=json",
    ]);
    let output = output(kubectl.arg("--filename").arg(file.path()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{directory}: {errors}");
    assert!(!errors.contains("Warning"), "{directory}: {errors}");
    // A single object, or a list.
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let objects = match answer["items"].as_array_mut() {
        Some(items) => std::mem::take(items),
        None => vec![answer],
    };
    let documents = yaml.lines().filter(|line| line.starts_with("kind: ")).count();
    assert_eq!(objects.len(), documents, "{directory}");
    objects
}

/// Creates the namespaces of objects: an object needs an existing namespace, and a dry run creates none.
fn make_namespaces(server: &ApiServer, yaml: &str) {
    let named = |line: &str| line.trim().strip_prefix("namespace: ").map(str::to_owned);
    for namespace in yaml.lines().filter_map(named) {
        // It can exist already because of another directory.
        let _ = output(server.kubectl().args(["create", "namespace", &namespace]));
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

#[test]
fn all_objects_are_accepted() {
    let server = api_server();
    let mut trackers = 0;
    for tree in [Tree::of_the_repository(), Tree::with_spinkube()] {
        for cluster in CLUSTERS {
            let mut applied: Vec<(String, String)> = of_kind(&tree.cluster(cluster), "Kustomization")
                .into_iter()
                .map(|kustomization| {
                    tree.objects_of(kustomization, cluster);
                    text(kustomization, "/spec/path").to_owned()
                })
                .chain(
                    tree.directories()
                        .into_iter()
                        .filter(|directory| directory.ends_with(cluster)),
                )
                .map(|directory| {
                    let yaml = tree.applied(&directory, cluster);
                    (directory, yaml)
                })
                .collect();
            applied.dedup();
            for (directory, yaml) in applied {
                make_namespaces(&server, &yaml);
                let objects = accepted(&server, &directory, &yaml);
                println!("{directory} on {cluster}: {} objects", objects.len());
                for release in of_kind(&objects, "HelmRelease") {
                    if text(release, "/spec/chartRef/name") == "stats-tracker" {
                        assert_the_chart_accepts(&server, &directory, release);
                        trackers += 1;
                    }
                }
            }
        }
    }
    assert!(trackers >= 4, "those of both clusters, without and with SpinKube");
}

#[test]
fn all_directories_are_accepted() {
    let server = api_server();
    let tree = Tree::of_the_repository();
    let directories = tree.directories();
    assert!(directories.len() >= 5, "{directories:?}");
    for directory in directories {
        let yaml = tree.applied(&directory, "staging");
        make_namespaces(&server, &yaml);
        accepted(&server, &directory, &yaml);
    }
}

/// Asserts that the chart's schema accepts the values, and the API server the rendered objects.
fn assert_the_chart_accepts(server: &ApiServer, directory: &str, release: &Value) {
    let values = server.directory().join("values.json");
    fs::write(&values, release["spec"]["values"].to_string()).unwrap();
    let namespace = text(release, "/metadata/namespace");
    let mut helm = server.helm().unwrap();
    helm.args(["template", text(release, "/spec/releaseName")]).arg(chart());
    helm.args(["--namespace", namespace, "--kube-version"])
        .arg(Tool::kubernetes_version());
    let rendered = stdout(helm.arg("--values").arg(&values));
    let file = server.directory().join("rendered.yaml");
    fs::write(&file, rendered).unwrap();
    // Helm creates it before the pods that need it, but a dry run does not. It can exist already because of another
    // directory.
    let mut account = server.kubectl();
    account.args([
        "--namespace",
        namespace,
        "create",
        "serviceaccount",
        "--save-config",
        "stats-tracker",
    ]);
    let _ = output(&mut account);
    let mut kubectl = server.kubectl();
    kubectl.args(["apply", "--dry-run=server", "--validate=strict", "--filename"]);
    let output = output(kubectl.arg(&file));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{directory}: {errors}");
}
