//! A cluster with Flux, which delivers the tracker from a Git repository and a registry.

use std::{
    cell::RefCell,
    fs,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use cluster::Flux;
use serde_json::{Value, json};

use crate::{
    common::{
        output, scripts, stdout,
        test_cluster::{Cluster, TRACKER, is_met},
        tree::{DEPLOY, objects},
    },
    git::Repository,
    release::Release,
};

/// The namespace of Flux' own objects.
pub(crate) const FLUX: &str = Flux::NAMESPACE;

/// The entry point of the test's cluster, and its tracker.
const ENTRY: &str = "clusters/offline";
const APPS: &str = "apps/offline";

/// The kinds of Flux' objects.
const KINDS: &str = "gitrepositories,ocirepositories,kustomizations,helmreleases";

/// The cluster, and the sources of its state.
pub(crate) struct Delivery {
    // The controllers end before the cluster.
    flux: RefCell<Flux>,
    pub(crate) cluster: Cluster,
    pub(crate) repository: Repository,
    pub(crate) release: Release,
}

impl Delivery {
    /// A cluster without the tracker. It has what production needs before: the database and the Secrets, and the public key
    /// of the release.
    pub(crate) fn start() -> Self {
        let release = Release::serve();
        let cluster = Cluster::start();
        let defined = cluster.server.define_custom_resources();
        defined.unwrap_or_else(|error| panic!("{error}"));
        cluster.create_database_and_secrets();
        let mut key = cluster.shell(&scripts::text("signature.sh"));
        stdout(key.env("KEY", Release::public_key()));
        let repository = Repository::start();
        let addresses = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "versions", "namespace": FLUX},
            "data": {"registry": release.address(), "github": cluster.github.to_string()},
        });
        repository.write(&format!("{ENTRY}/addresses.yaml"), &addresses.to_string());
        repository.commit("Add a cluster without the internet");
        let instance = instance(&cluster, &repository);
        let flux = Flux::start(&cluster.server, |tool| arguments(&instance, tool.name()));
        let flux = flux.unwrap_or_else(|error| panic!("{error}"));
        Self {
            flux: RefCell::new(flux),
            cluster,
            repository,
            release,
        }
    }

    /// Applies the two objects that the Flux operator makes of its FluxInstance. Everything else comes from Git.
    pub(crate) fn begin(&self) {
        let instance = instance(&self.cluster, &self.repository);
        let metadata = json!({"name": FLUX, "namespace": FLUX});
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FLUX}},
            {
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "GitRepository",
                "metadata": metadata,
                // The test waits for each commit.
                "spec": {
                    "interval": "2s",
                    "ref": {"name": instance["spec"]["sync"]["ref"]},
                    "url": self.repository.url(),
                },
            },
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": metadata,
                "spec": {
                    "interval": "10m",
                    "path": format!("./{DEPLOY}/{ENTRY}"),
                    "prune": true,
                    "sourceRef": {"kind": "GitRepository", "name": FLUX},
                },
            },
        ]});
        let file = self.cluster.server.directory().join("flux-system.json");
        fs::write(&file, objects.to_string()).unwrap();
        let mut apply = self.cluster.server.kubectl();
        stdout(apply.args(["apply", "--server-side", "--filename"]).arg(file));
    }

    /// Commits a change of the tracker's HelmRelease, which replaces the change before, and waits until it is in the cluster.
    pub(crate) fn commit(&self, message: &str, spec: &Value) {
        let change = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": TRACKER, "namespace": TRACKER},
            "spec": spec,
        });
        self.repository
            .write(&format!("{APPS}/change.yaml"), &change.to_string());
        self.repository.commit(message);
        self.wait_for(&format!("Flux has applied the commit \"{message}\""), || {
            let applied = self.release();
            contains(&applied["spec"], spec)
        });
    }

    /// Waits for a condition. At the time limit it prints the state of Flux and of the cluster, and panics.
    pub(crate) fn wait_for(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let met = is_met(what, || {
            self.flux.borrow_mut().check().unwrap_or_else(|error| panic!("{error}"));
            condition()
        });
        if !met {
            self.print_state();
            panic!("waited in vain until {what}");
        }
    }

    fn print_state(&self) {
        self.cluster.print_state();
        for namespace in [FLUX, TRACKER] {
            let kubectl = |arguments: &[&str]| {
                let mut kubectl = self.cluster.server.kubectl();
                let answer = output(kubectl.args(["--namespace", namespace]).args(arguments));
                eprintln!("{}", String::from_utf8_lossy(&answer.stdout));
            };
            kubectl(&["get", KINDS]);
            kubectl(&["get", "events", "--sort-by=.lastTimestamp"]);
        }
    }

    /// An object of Flux.
    pub(crate) fn get(&self, namespace: &str, object: &str) -> Value {
        let mut kubectl = self.cluster.server.kubectl();
        kubectl.args(["--namespace", namespace, "get", "--output=json", object]);
        let answer = output(&mut kubectl);
        // It does not exist at first.
        serde_json::from_slice(&answer.stdout).unwrap_or_default()
    }

    /// The tracker's HelmRelease.
    pub(crate) fn release(&self) -> Value {
        self.get(TRACKER, &format!("helmrelease/{TRACKER}"))
    }

    /// The tracker's chart.
    pub(crate) fn chart(&self) -> Value {
        self.get(TRACKER, &format!("ocirepository/{TRACKER}"))
    }

    /// The reasons of the events of a kind of the tracker's objects, with their messages.
    pub(crate) fn events(&self, kind: &str) -> Vec<(String, String)> {
        let selector = format!("--field-selector=involvedObject.kind={kind}");
        let answer = stdout(&mut self.cluster.kubectl(&["get", "events", &selector, "--output=json"]));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let events = answer["items"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events
            .map(|event| (text(&event["reason"]), text(&event["message"])))
            .collect()
    }

    /// Asks Flux to look at an object at once, and not at its interval, as `flux reconcile` does.
    pub(crate) fn reconcile(&self, namespace: &str, object: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let request = format!("reconcile.fluxcd.io/requestedAt={now}");
        let mut annotate: Command = self.cluster.server.kubectl();
        annotate.args(["--namespace", namespace, "annotate", "--overwrite", object, &request]);
        stdout(&mut annotate);
    }
}

/// The FluxInstance of the test's cluster.
fn instance(cluster: &Cluster, repository: &Repository) -> Value {
    let mut kustomize = cluster.server.kubectl();
    let entry = stdout(kustomize.arg("kustomize").arg(repository.tree(ENTRY)));
    let mut entry = objects(&entry).into_iter();
    entry.find(|object| object["kind"] == "FluxInstance").unwrap()
}

/// The arguments that a FluxInstance adds to those of a controller.
fn arguments(instance: &Value, controller: &str) -> Vec<String> {
    let patches = instance["spec"]["kustomize"]["patches"]
        .as_array()
        .into_iter()
        .flatten();
    let of_controller = patches.filter(|patch| patch["target"]["name"] == controller);
    let operations = of_controller.flat_map(|patch| {
        let operations: Vec<Value> = serde_saphyr::from_str(patch["patch"].as_str().unwrap()).unwrap();
        operations
    });
    operations
        .map(|operation| {
            assert_eq!(
                operation["path"], "/spec/template/spec/containers/0/args/-",
                "{operation}"
            );
            operation["value"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// The status, the reason and the message of an object's condition; empty if it has none yet. A condition of an older
/// generation is none.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> [&'a str; 3] {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let generation = &object["metadata"]["generation"];
    let mut current = conditions.filter(|condition| condition["observedGeneration"] == *generation);
    let found = current.find(|condition| condition["type"] == kind);
    ["status", "reason", "message"].map(|key| found.and_then(|found| found[key].as_str()).unwrap_or_default())
}

/// Whether a value has all parts of another one.
fn contains(value: &Value, part: &Value) -> bool {
    match part {
        Value::Object(parts) => parts.iter().all(|(key, part)| contains(&value[key], part)),
        _ => value == part,
    }
}
