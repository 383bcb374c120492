//! The chart's MutatingAdmissionPolicy on Kubernetes' own API server: a pod as SpinKube's operator creates it is admitted in a
//! namespace with the Pod Security level "restricted".

mod common;

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use cluster::ApiServer;
use common::{api_server, chart, output, refusal, restricted_namespace, stdout};
use serde_json::{Value, json};

/// The release and its namespace.
const RELEASE: &str = "tracker";

/// The time limit until the API server uses a new policy. It takes a moment.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A pod with the fields that the operator sets. It has no security context, for which a SpinApp has no field.
fn pod(app: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": RELEASE,
            "generateName": format!("{app}-"),
            "labels": {
                "core.spinkube.dev/app-name": app,
                format!("core.spinkube.dev/app.{app}.status"): "ready",
            },
        },
        "spec": {"containers": [{
            "name": app,
            "image": "ghcr.io/stats-tracker-ghcr/stats-tracker-spin",
            "command": ["/"],
            "ports": [{"name": "http-app", "containerPort": 80}],
        }]},
    })
}

/// The name of the chart's SpinApp, which the operator also gives to its Deployment.
fn app(server: &ApiServer) -> String {
    let mut kubectl = server.kubectl();
    kubectl.args(["--namespace", RELEASE, "get", "spinapps"]);
    stdout(kubectl.arg("--output=jsonpath={.items[*].metadata.name}"))
}

#[test]
fn the_operators_pods_are_admitted_with_the_policy() {
    let server = api_server();
    restricted_namespace(&server, RELEASE);
    let helm = |action: &str, policy: &str| {
        let mut helm = server.helm().unwrap_or_else(|error| panic!("{error}"));
        helm.args([action, RELEASE]).arg(chart());
        helm.args(["--namespace", RELEASE, "--set=component.mode=spinkube"]);
        stdout(helm.arg(format!("--set=component.spinkube.admissionPolicy={policy}")));
    };
    helm("install", "false");
    let app = app(&server);
    let file = server.directory().join("pod.json");
    fs::write(&file, pod(&app).to_string()).unwrap();
    let create = || {
        let mut kubectl = server.kubectl();
        kubectl.args(["create", "--output=json", "--filename"]).arg(&file);
        kubectl
    };
    let refused = refusal(&mut create());
    assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");

    helm("upgrade", "true");
    let start = Instant::now();
    let created = loop {
        let answer = output(&mut create());
        if answer.status.success() {
            break answer.stdout;
        }
        let errors = String::from_utf8_lossy(&answer.stderr);
        assert!(start.elapsed() < TIMEOUT, "{errors}");
        thread::sleep(Duration::from_millis(200));
    };
    let pod: Value = serde_json::from_slice(&created).unwrap();
    let expected = json!({
        "runAsNonRoot": true,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
        "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
    });
    assert_eq!(pod["spec"]["securityContext"], expected);
    let expected = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]},
    });
    assert_eq!(pod["spec"]["containers"][0]["securityContext"], expected);

    // Other pods of the namespace are not changed.
    let other = format!("{app}-of-another-release");
    fs::write(&file, self::pod(&other).to_string()).unwrap();
    let refused = refusal(&mut create());
    assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");
}
