//! A stand-in for the kubelet and a provisioner: it sets the status of pods as if their containers worked, but runs nothing,
//! and gives claims their volumes. `node.rs` tests real containers.

use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use cluster::ApiServer;
use serde_json::{Value, json};

use super::stdout;

/// A container of an image with this tag never becomes ready, or fails if it should end.
pub(crate) const BROKEN: &str = "broken";

/// The interval at which pods are listed.
const INTERVAL: Duration = Duration::from_millis(300);

/// Sets the status of the pods of a namespace until it is dropped.
pub(crate) struct StandInKubelet {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StandInKubelet {
    pub(crate) fn start(server: &Arc<ApiServer>, namespace: &str) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (end, server, namespace) = (Arc::clone(&end), Arc::clone(server), namespace.to_owned());
            move || {
                while !end.load(Ordering::Relaxed) {
                    update_pods(&server, &namespace);
                    provision_volumes(&server, &namespace);
                    thread::sleep(INTERVAL);
                }
            }
        });
        Self {
            end,
            thread: Some(thread),
        }
    }
}

impl Drop for StandInKubelet {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn update_pods(server: &ApiServer, namespace: &str) {
    let kubectl = || {
        let mut kubectl = server.kubectl();
        kubectl.args(["--namespace", namespace]);
        kubectl
    };
    let answer = stdout(kubectl().args(["get", "pods", "--field-selector=status.phase=Pending", "--output=json"]));
    let pods: Value = serde_json::from_str(&answer).unwrap();
    for pod in pods["items"].as_array().unwrap() {
        if let Some(status) = status(pod) {
            let mut patch: Command = kubectl();
            patch.args(["patch", "pod", "--subresource=status", "--patch"]);
            patch.arg(json!({ "status": status }).to_string());
            // The pod can be deleted already.
            let _ = super::output(patch.arg(pod["metadata"]["name"].as_str().unwrap()));
        }
    }
}

/// Creates a volume for each claim without one. Kubernetes binds both.
fn provision_volumes(server: &ApiServer, namespace: &str) {
    let mut kubectl = server.kubectl();
    kubectl.args([
        "--namespace",
        namespace,
        "get",
        "persistentvolumeclaims",
        "--output=json",
    ]);
    let claims: Value = serde_json::from_str(&stdout(&mut kubectl)).unwrap();
    for claim in claims["items"].as_array().unwrap() {
        if !claim["spec"]["volumeName"].is_null() {
            continue;
        }
        let name = claim["metadata"]["uid"].as_str().unwrap();
        let volume = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "accessModes": claim["spec"]["accessModes"],
                "capacity": claim["spec"]["resources"]["requests"],
                "storageClassName": claim["spec"]["storageClassName"].as_str().unwrap_or_default(),
                "claimRef": {"namespace": namespace, "name": claim["metadata"]["name"]},
                "hostPath": {"path": "/nowhere"},
            },
        });
        let file = server.directory().join(format!("volume-{name}.json"));
        fs::write(&file, volume.to_string()).unwrap();
        // It can exist already and be bound a moment later.
        let _ = super::output(server.kubectl().args(["create", "--filename"]).arg(&file));
    }
}

/// The status of a pod: it ends if its restart policy is `Never`, otherwise it becomes ready.
fn status(pod: &Value) -> Option<Value> {
    let broken = pod["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .any(|container| container["image"].as_str().unwrap().ends_with(BROKEN));
    match (pod["spec"]["restartPolicy"] == "Never", broken) {
        (true, false) => Some(json!({"phase": "Succeeded"})),
        (true, true) => Some(json!({"phase": "Failed"})),
        (false, false) => Some(json!({"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "ContainersReady", "status": "True"},
        ]})),
        (false, true) => None,
    }
}
