//! Kubernetes' own API server, with the definitions of custom resources, accepts all fields of the rendered chart, for
//! all tested values.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cluster::{ApiServer, Tool};
use common::{api_server, chart, ci_values, output, refusal, restricted_namespace, stdout};

/// The namespace of the objects in a dry run.
const NAMESPACE: &str = "validation";

/// Kubernetes' version without a suffix.
fn version() -> &'static str {
    Tool::kubernetes_version().trim_start_matches('v')
}

/// Renders the chart into a file of the server's directory.
fn render(server: &ApiServer, name: &str, values: &Path) -> PathBuf {
    let mut helm = server.helm().unwrap();
    helm.args(["template", "tracker"])
        .arg(chart())
        .arg("--values")
        .arg(values);
    helm.args(["--namespace", NAMESPACE, "--kube-version", version()]);
    let file = server.directory().join(format!("{name}.yaml"));
    fs::write(&file, stdout(&mut helm)).unwrap();
    file
}

/// A dry run of a file's objects on the server.
fn apply(server: &ApiServer, file: &Path) -> Command {
    let mut kubectl = server.kubectl();
    kubectl.args([
        "apply",
        "--dry-run=server",
        "--validate=strict",
        "--namespace",
        NAMESPACE,
    ]);
    kubectl.arg("--filename").arg(file);
    kubectl
}

#[test]
fn every_rendered_object_is_accepted_and_a_wrong_one_is_refused() {
    let server = api_server();
    restricted_namespace(&server, NAMESPACE);
    // Helm creates it before the pods that need it, but a dry run does not. One of the files has names of its own.
    for account in ["tracker-stats-tracker", "a-prefix-of-forty-characters-0123456789a"] {
        let mut kubectl = server.kubectl();
        kubectl.args(["--namespace", NAMESPACE, "create", "serviceaccount", "--save-config"]);
        stdout(kubectl.arg(account));
    }
    let mut default = None;
    for (name, values) in ci_values() {
        let file = render(&server, &name, &values);
        let output = output(&mut apply(&server, &file));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        // Warnings are of Pod Security, or about deprecated fields.
        assert!(!errors.contains("Warning"), "{name}: {errors}");
        let accepted = String::from_utf8_lossy(&output.stdout).lines().count();
        let rendered = fs::read_to_string(&file).unwrap();
        let objects = rendered.lines().filter(|line| line.starts_with("kind: ")).count();
        assert_eq!(accepted, objects, "{name}");
        default.get_or_insert(rendered);
    }

    // An unknown field, a value of another type, a pod that is not "restricted".
    let rendered = default.unwrap();
    for (right, wrong, complaint) in [
        ("containerPort:", "containerPorts:", "unknown field"),
        ("replicas: 1", "replicas: one", "cannot unmarshal string"),
        (
            "allowPrivilegeEscalation: false",
            "allowPrivilegeEscalation: true",
            "violate PodSecurity",
        ),
    ] {
        assert!(rendered.contains(right), "{right} is rendered");
        let file = server.directory().join("wrong.yaml");
        fs::write(&file, rendered.replace(right, wrong)).unwrap();
        let output = output(&mut apply(&server, &file));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(complaint), "{wrong}: {errors}");
    }
}

#[test]
fn the_definitions_refuse_unknown_fields() {
    let server = api_server();
    for (kind, object) in [
        (
            "SpinApp",
            "apiVersion: core.spinkube.dev/v1alpha1\nkind: SpinApp\nmetadata: {name: wrong}\nspec: {executor: x}\n",
        ),
        (
            "HelmRelease",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: wrong}\nspec: {every: 1h}\n",
        ),
    ] {
        let file = server.directory().join(format!("{kind}.yaml"));
        fs::write(&file, object).unwrap();
        let mut kubectl = server.kubectl();
        kubectl.args(["apply", "--dry-run=server", "--validate=strict", "--filename"]);
        let errors = refusal(kubectl.arg(file));
        assert!(errors.contains("spec"), "{kind}: {errors}");
    }
}
