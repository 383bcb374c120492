//! The life of a release on Kubernetes' own API server, in a namespace with the Pod Security level "restricted": it is
//! installed in every way, compared, changed, rolled back, tested, and removed.
//!
//! Deployments and Jobs create real pods, whose status a stand-in for the kubelet sets.

mod common;

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use cluster::ApiServer;
use common::{
    api_server, chart, ci_values, output, refusal, restricted_namespace,
    stand_in_kubelet::{BROKEN, StandInKubelet},
    stdout,
};
use serde_json::Value;

/// The release's name.
const RELEASE: &str = "tracker";

/// The RuntimeClass that runtime-class-manager creates for its Shim.
const RUNTIME_CLASS: &str = "\
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: wasmtime-spin-v2}
handler: spin-v2
scheduling: {nodeSelector: {spin: 'true'}}
";

/// A namespace with a stand-in for the kubelet.
struct Namespace {
    server: Arc<ApiServer>,
    name: &'static str,
    _kubelet: StandInKubelet,
}

impl Namespace {
    fn new(name: &'static str) -> Self {
        let server = api_server();
        restricted_namespace(&server, name);
        let kubelet = StandInKubelet::start(&server, name);
        Self {
            server,
            name,
            _kubelet: kubelet,
        }
    }

    fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut kubectl = self.server.kubectl();
        kubectl.args(["--namespace", self.name]).args(arguments);
        kubectl
    }

    fn helm(&self, arguments: &[&str]) -> Command {
        let mut helm = self.server.helm().unwrap_or_else(|error| panic!("{error}"));
        helm.args(["--namespace", self.name]).args(arguments);
        helm
    }

    fn install(&self, values: &Path) -> Command {
        let mut helm = self.helm(&["install", RELEASE]);
        helm.arg(chart()).arg("--values").arg(values);
        helm.args(["--wait", "--timeout=120s"]);
        helm
    }

    fn upgrade(&self, values: &Path, set: &[&str]) -> Command {
        let mut helm = self.helm(&["upgrade", RELEASE]);
        helm.arg(chart()).arg("--values").arg(values);
        helm.args(["--wait", "--timeout=60s"]);
        helm.args(set.iter().flat_map(|set| ["--set", set]));
        helm
    }

    /// The objects of a kind.
    fn list(&self, kind: &str) -> Vec<Value> {
        let answer = stdout(&mut self.kubectl(&["get", kind, "--output=json"]));
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        std::mem::take(answer["items"].as_array_mut().unwrap())
    }

    /// The release's Secrets with their data.
    fn secrets(&self) -> Vec<(String, Value)> {
        let secrets = self.list("secrets");
        secrets
            .iter()
            .filter(|secret| secret["type"] == "Opaque")
            .map(|secret| (name(secret), secret["data"].clone()))
            .collect()
    }

    /// Asserts that the objects are equal to the release's manifests.
    fn assert_no_difference(&self, when: &str) {
        let manifest = stdout(&mut self.helm(&["get", "manifest", RELEASE]));
        let file = self.server.directory().join(format!("{}.yaml", self.name));
        std::fs::write(&file, manifest).unwrap();
        // Controllers can change an object's status between the two readings of a comparison. A real difference
        // persists, so that the comparison can be repeated.
        let mut attempts = 5;
        loop {
            // As another field manager than Helm, whose annotations are not in the manifests.
            let mut diff = self.kubectl(&["diff", "--server-side", "--force-conflicts"]);
            let output = output(diff.arg("--filename").arg(&file));
            if output.status.success() {
                return;
            }
            attempts -= 1;
            let difference = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(attempts > 0, "{} {when}: {difference}{errors}", self.name);
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// Asserts that no pod was refused, which Deployments and Jobs only report as events.
    fn assert_no_pod_was_refused(&self) {
        for event in self.list("events") {
            assert!(event["reason"] != "FailedCreate", "{}: {event:#}", self.name);
        }
    }

    /// The remaining objects of all kinds.
    fn left(&self) -> Vec<String> {
        let kinds = stdout(&mut self.kubectl(&["api-resources", "--namespaced", "--verbs=list", "--output=name"]));
        // Without Kubernetes' own objects in every namespace, and without events.
        let ours = |object: &&str| {
            !object.starts_with("event") && !["serviceaccount/default", "configmap/kube-root-ca.crt"].contains(object)
        };
        let kinds: Vec<&str> = kinds.lines().collect();
        let objects = stdout(&mut self.kubectl(&["get", &kinds.join(","), "--output=name"]));
        objects.lines().filter(ours).map(str::to_owned).collect()
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap().to_owned()
}

fn values(way: &str) -> std::path::PathBuf {
    chart().join(format!("ci/{way}-values.yaml"))
}

#[test]
fn every_way_to_install_it_works_and_leaves_no_object() {
    let server = api_server();
    // The objects that the values name, and that a cluster would have.
    stdout(
        server
            .kubectl()
            .args(["create", "priorityclass", "high", "--value=1000"]),
    );
    let class = server.directory().join("runtime-class.yaml");
    std::fs::write(&class, RUNTIME_CLASS).unwrap();
    stdout(server.kubectl().args(["create", "--filename"]).arg(class));
    for (way, values) in ci_values() {
        let namespace = Namespace::new(String::leak(format!("way-{way}")));
        let start = Instant::now();
        let output = output(&mut namespace.install(&values));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{way}: {errors}");
        assert!(!errors.contains("PodSecurity"), "{way}: {errors}");
        println!("{way}: installed in {:.1} s", start.elapsed().as_secs_f64());
        namespace.assert_no_pod_was_refused();
        namespace.assert_no_difference("after the installation");

        stdout(&mut namespace.helm(&["uninstall", RELEASE, "--wait", "--timeout=60s"]));
        let bundled = namespace
            .list("persistentvolumeclaims")
            .iter()
            .map(name)
            .collect::<Vec<_>>();
        let claims: Vec<String> = bundled
            .iter()
            .map(|name| format!("persistentvolumeclaim/{name}"))
            .collect();
        assert!(claims.len() <= 1, "{way}: {claims:?}");
        let start = Instant::now();
        // Pods and EndpointSlices are removed a moment after their owners.
        while namespace.left() != claims {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{way}: {:?}",
                namespace.left()
            );
            thread::sleep(Duration::from_secs(1));
        }
    }
}

#[test]
fn an_upgrade_changes_its_values_and_no_secret() {
    let namespace = Namespace::new("upgrade");
    stdout(&mut namespace.install(&values("default")));
    let secrets = namespace.secrets();
    assert!(
        secrets.len() >= 2,
        "Rails' key and the database's passwords: {secrets:?}"
    );

    stdout(&mut namespace.upgrade(
        &values("default"),
        &["web.replicas=2", "collector.suspend=true", "github.pageTimeout=10"],
    ));
    assert_eq!(namespace.secrets(), secrets);
    namespace.assert_no_pod_was_refused();
    namespace.assert_no_difference("after the upgrade");
    let web = namespace.list("deployments,cronjobs");
    let web = |suffix: &str| web.iter().find(|object| name(object).ends_with(suffix)).unwrap();
    assert_eq!(web("-web")["spec"]["replicas"], 2);
    assert_eq!(web("-collect")["spec"]["suspend"], true);

    // `helm test` creates pods by itself, which must also be accepted by Pod Security.
    stdout(&mut namespace.helm(&["test", RELEASE, "--timeout=60s"]));
}

#[test]
fn an_upgrade_makes_the_volume_larger_and_never_smaller() {
    let namespace = Namespace::new("volume");
    let class = "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: growing}, \
                 provisioner: example.org/none, allowVolumeExpansion: true}";
    let file = namespace.server.directory().join("storage-class.yaml");
    std::fs::write(&file, class).unwrap();
    stdout(namespace.kubectl(&["create", "--filename"]).arg(&file));
    let size = |size: &str| format!("database.bundled.storage.size={size}");
    let mut install = namespace.install(&values("default"));
    stdout(install.args(["--set", "database.bundled.storage.storageClassName=growing"]));
    let requested = || {
        let claims = namespace.list("persistentvolumeclaims");
        assert_eq!(claims.len(), 1, "{claims:?}");
        claims[0]["spec"]["resources"]["requests"]["storage"].clone()
    };
    assert_eq!(requested(), "1Gi");

    let class = "database.bundled.storage.storageClassName=growing";
    stdout(&mut namespace.upgrade(&values("default"), &[class, &size("2Gi")]));
    assert_eq!(requested(), "2Gi");
    let errors = refusal(&mut namespace.upgrade(&values("default"), &[class, &size("1Gi")]));
    assert!(errors.contains("can not be less than"), "{errors}");
    assert_eq!(requested(), "2Gi");

    // It is kept after the release, and the next one has it.
    stdout(&mut namespace.helm(&["uninstall", RELEASE, "--wait", "--timeout=60s"]));
    assert_eq!(requested(), "2Gi");
    let mut again = namespace.install(&values("default"));
    stdout(again.args(["--set", class, "--set", &size("2Gi")]));
    assert_eq!(requested(), "2Gi");
}

#[test]
fn an_upgrade_that_fails_is_rolled_back() {
    let namespace = Namespace::new("rollback");
    stdout(&mut namespace.install(&values("default")));
    let secrets = namespace.secrets();

    // A web process that never becomes ready.
    let broken = format!("rails.image.tag={BROKEN}");
    let mut upgrade = namespace.upgrade(&values("default"), &[&broken]);
    let errors = refusal(upgrade.args(["--rollback-on-failure", "--timeout=20s"]));
    assert!(errors.contains("rolled back"), "{errors}");
    assert_eq!(namespace.secrets(), secrets);
    namespace.assert_no_difference("after the rollback");
    for deployment in namespace.list("deployments") {
        assert_eq!(deployment["status"]["readyReplicas"], deployment["spec"]["replicas"]);
        let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
        assert!(!image.as_str().unwrap().ends_with(BROKEN), "{image}");
    }
    let history = stdout(&mut namespace.helm(&["history", RELEASE]));
    assert!(history.lines().last().unwrap().contains("Rollback to 1"), "{history}");
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let namespace = Namespace::new("migration");
    let external = values("external-database");
    stdout(&mut namespace.install(&external));
    let before = namespace.list("deployments");

    let broken = format!("rails.image.tag={BROKEN}");
    let mut upgrade = namespace.upgrade(&external, &[&broken, "migration.backoffLimit=0"]);
    let errors = refusal(&mut upgrade);
    assert!(errors.contains("pre-upgrade hooks failed"), "{errors}");
    let specs = |deployments: &[Value]| -> Vec<Value> {
        deployments
            .iter()
            .map(|deployment| deployment["spec"].clone())
            .collect()
    };
    assert_eq!(specs(&namespace.list("deployments")), specs(&before));
}
