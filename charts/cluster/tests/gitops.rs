//! Kubernetes' own API server accepts all objects in the GitOps tree, with the definitions of their custom resources,
//! and the chart rendered with the tree's values. `deploy.rs` tests the tree's consistency.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use cluster::{ApiServer, Tool, custom_resources};
use common::{api_server, chart, output, stdout, workspace};
use serde_json::Value;

/// The directory of Flux, relative to the workspace.
const DEPLOY: &str = "ex3-stats-tracker/deploy";

/// All directories below `directory` that Kustomize builds.
fn kustomizations(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if directory.join("kustomization.yaml").is_file() {
        found.push(directory.to_owned());
    }
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(kustomizations(&path));
        }
    }
    found.sort();
    found
}

/// The API server's response to a dry run of a directory's objects.
fn accepted(server: &ApiServer, directory: &Path) -> Vec<Value> {
    let name = directory.strip_prefix(workspace()).unwrap_or(directory).display();
    let built = stdout(server.kubectl().arg("kustomize").arg(directory));
    // Each call needs its own file, because several tests use this server at the same time.
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    fs::write(&file, &built).unwrap();
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
    assert!(output.status.success(), "{name}: {errors}");
    assert!(!errors.contains("Warning"), "{name}: {errors}");
    // A single object, or a list.
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let objects = match answer["items"].as_array_mut() {
        Some(items) => std::mem::take(items),
        None => vec![answer],
    };
    let documents = built.lines().filter(|line| line.starts_with("kind: ")).count();
    assert_eq!(objects.len(), documents, "{name}");
    objects
}

/// Creates the namespaces of a directory's objects: an object needs an existing namespace, and a dry run creates none.
fn make_namespaces(server: &ApiServer, directory: &Path) {
    let built = stdout(server.kubectl().arg("kustomize").arg(directory));
    let named = |line: &str| line.trim().strip_prefix("namespace: ").map(str::to_owned);
    for namespace in built.lines().filter_map(named) {
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
    let deploy = workspace().join(DEPLOY);
    let directories = kustomizations(&deploy);
    assert!(directories.len() >= 5, "{directories:?}");
    let mut trackers = 0;
    for directory in directories {
        make_namespaces(&server, &directory);
        let objects = accepted(&server, &directory);
        println!("{}: {} objects", directory.display(), objects.len());
        for release in of_kind(&objects, "HelmRelease") {
            if text(release, "/spec/chartRef/name") == "stats-tracker" {
                assert_the_chart_accepts(&server, &directory, release);
                trackers += 1;
            }
        }
    }
    assert!(trackers >= 2, "staging's and production's");
}

/// Asserts that the chart's schema accepts the values, and the API server the rendered objects.
fn assert_the_chart_accepts(server: &ApiServer, directory: &Path, release: &Value) {
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
    assert!(output.status.success(), "{}: {errors}", directory.display());
}

#[test]
fn the_tested_definitions_are_those_that_flux_installs() {
    let server = api_server();
    let clusters = workspace().join(DEPLOY).join("clusters");
    let mut operators = 0;
    for directory in kustomizations(&clusters) {
        make_namespaces(&server, &directory);
        for repository in of_kind(&accepted(&server, &directory), "GitRepository") {
            let tag = text(repository, "/spec/ref/tag");
            let name = text(repository, "/metadata/name");
            let source = custom_resources::SOURCES
                .iter()
                .find(|source| source.module.ends_with(&format!("/{name}")))
                .unwrap_or_else(|| panic!("the definitions of {name} are tested with"));
            assert_eq!(source.version, tag, "{name}");
            operators += 1;
        }
    }
    assert!(
        operators > 0,
        "a cluster's directory names the Spin operator's repository"
    );
}
