//! Runs the commands of the walk-through in a shell, on Kubernetes' own API server. The READMEs show the same script
//! files. There is no node: a stand-in for the kubelet sets the status of pods.
//!
//! Commands that need more are [not run](NOT_RUN). `deploy.rs` tests their names and versions.

mod common;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use cluster::ApiServer;
use common::{api_server, refusal, scripts, stand_in_kubelet::StandInKubelet, stdout, workspace};
use serde_json::{Value, json};
use system::postgresql::PostgreSql;

/// The namespace and the release in all scripts.
const TRACKER: &str = "stats-tracker";

const INTERNET: &str = "it fetches from the internet";
const NODE: &str = "without a node there is no program in a pod to run or to reach";

/// The time limit in seconds, instead of half an hour in the scripts.
const TIMEOUT: &str = "300";

/// Commands that are not run: the script, the region, the begin of the command, and the reason.
const NOT_RUN: [(&str, &str, &str, &str); 8] = [
    (
        "flux.sh",
        "look-at-flux",
        "kubectl --namespace flux-system port-forward ",
        NODE,
    ),
    (
        "helm.sh",
        "look",
        "kubectl --namespace stats-tracker port-forward ",
        NODE,
    ),
    ("spinkube.sh", "nodes", "helm install runtime-class-manager ", INTERNET),
    ("spinkube.sh", "operator", "helm install cert-manager ", INTERNET),
    ("spinkube.sh", "operator", "kubectl apply --server-side ", INTERNET),
    ("spinkube.sh", "operator", "helm install spin-operator ", INTERNET),
    ("upkeep.sh", "backup", "kubectl --namespace stats-tracker exec ", NODE),
    ("upkeep.sh", "restore", "kubectl --namespace stats-tracker exec ", NODE),
];

/// A script and one of its regions.
type Region = (String, String);

/// All regions, each with its commands.
fn regions() -> Vec<(Region, Vec<String>)> {
    let mut all = Vec::new();
    for script in scripts::names() {
        for (region, commands) in scripts::regions(&script) {
            let commands = commands.replace("\\\n", " ");
            let commands = commands.lines().filter(|command| !command.is_empty());
            all.push(((script.clone(), region), commands.map(str::to_owned).collect()));
        }
    }
    all
}

/// The commands of a region that are run.
fn commands(script: &str, region: &str) -> Vec<String> {
    let wanted = (script.to_owned(), region.to_owned());
    let (_, mut commands) = regions()
        .into_iter()
        .find(|(region, _)| *region == wanted)
        .unwrap_or_else(|| panic!("{script} has no {region}"));
    for (_, _, beginning, _) in NOT_RUN.iter().filter(|left| (left.0, left.1) == (script, region)) {
        let before = commands.len();
        commands.retain(|command| !command.starts_with(beginning));
        assert_eq!(before - commands.len(), 1, "{script}, {region}: {beginning}");
    }
    commands
}

/// A reader who follows the walk-through, with a cluster.
struct Reader {
    server: Arc<ApiServer>,
    typed: BTreeSet<Region>,
    _kubelet: StandInKubelet,
}

impl Reader {
    fn new() -> Self {
        let server = api_server();
        let kubelet = StandInKubelet::start(&server, TRACKER);
        Self {
            server,
            typed: BTreeSet::new(),
            _kubelet: kubelet,
        }
    }

    /// Runs a region of a script.
    fn run(&mut self, script: &str, region: &str) -> String {
        self.run_with(script, &[region], &[], &[])
    }

    /// Runs regions of a script in one shell, with variables and programs of the reader.
    fn run_with(&mut self, script: &str, regions: &[&str], variables: &[(&str, String)], programs: &[&Path]) -> String {
        let mut typed = Vec::new();
        for region in regions {
            let commands = commands(script, region);
            assert!(!commands.is_empty(), "{script}, {region}: all of it is left out");
            typed.extend(commands);
            self.typed.insert((script.to_owned(), (*region).to_owned()));
        }
        let kubectl = self.server.kubectl();
        let helm = self.server.helm().unwrap_or_else(|error| panic!("{error}"));
        let tools = [&kubectl, &helm].map(|tool| Path::new(tool.get_program()).parent().unwrap());
        let path = env::var_os("PATH").unwrap_or_default();
        let directories = tools.into_iter().chain(programs.iter().copied()).map(PathBuf::from);
        let path = env::join_paths(directories.chain(env::split_paths(&path))).unwrap();
        let mut shell = Command::new("timeout");
        shell
            .args([TIMEOUT, "sh", "-eu", "-c", &typed.join("\n")])
            .current_dir(workspace());
        for (variable, value) in kubectl.get_envs() {
            shell.env(variable, value.unwrap());
        }
        let variables = variables.iter().map(|(variable, value)| (variable, value));
        stdout(shell.env("PATH", path).envs(variables))
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        stdout(self.server.kubectl().args(arguments))
    }

    /// An object, or a list of them.
    fn get(&self, namespace: &str, arguments: &[&str]) -> Value {
        let mut kubectl = self.server.kubectl();
        kubectl.args(["--namespace", namespace, "get", "--output=json"]);
        serde_json::from_str(&stdout(kubectl.args(arguments))).unwrap()
    }

    /// The release's revision and status in Helm.
    fn release(&self) -> (String, String) {
        let mut helm = self.server.helm().unwrap_or_else(|error| panic!("{error}"));
        let answer = stdout(helm.args(["--namespace", TRACKER, "list", "--output=json"]));
        let releases: Vec<Value> = serde_json::from_str(&answer).unwrap();
        assert_eq!(releases.len(), 1, "{answer}");
        let text = |name: &str| releases[0][name].as_str().unwrap().to_owned();
        (text("revision"), text("status"))
    }

    /// Uninstalls the tracker and deletes its namespace.
    fn removes_it(&mut self) {
        self.run("upkeep.sh", "remove");
        let left = self.kubectl(&["get", "namespace", TRACKER, "--ignore-not-found", "--output=name"]);
        assert_eq!(left, "");
    }
}

/// The ways run one after the other, because all install the same release.
#[test]
fn all_commands_succeed() {
    let mut reader = Reader::new();
    helm_alone(&mut reader);
    spinkube(&mut reader);
    production(&mut reader);
    flux(&mut reader);
    assert_nothing_was_forgotten(&reader.typed);
}

/// Asserts that all commands of the regions that were not run are in [`NOT_RUN`].
fn assert_nothing_was_forgotten(typed: &BTreeSet<Region>) {
    for (region, _) in regions() {
        let (script, name) = &region;
        assert!(
            typed.contains(&region) || commands(script, name).is_empty(),
            "{script}, {name}: run it, or write into NOT_RUN which of its commands can't be run, and why"
        );
    }
    for (script, region, beginning, why) in NOT_RUN {
        println!("not run: {script}, {region}: {beginning}…, since {why}");
    }
}

fn helm_alone(reader: &mut Reader) {
    reader.run("helm.sh", "install");
    assert_eq!(reader.release(), ("1".into(), "deployed".into()));
    let completed = reader.run("helm.sh", "wait");
    assert!(completed.contains("condition met"), "{completed}");

    reader.run("upkeep.sh", "upgrade");
    assert_eq!(reader.release(), ("2".into(), "deployed".into()));
    let deployments = reader.get(TRACKER, &["deployments"]).to_string();
    assert!(
        deployments.contains("you@example.org"),
        "the reader's values are kept: {deployments}"
    );
    let collect = ["create", "job", "--from=cronjob/stats-tracker-collect", "collect-now"];
    reader.kubectl(&[&["--namespace", TRACKER], &collect[..]].concat());
    let changed = reader.run("upkeep.sh", "restore");
    assert_eq!(changed.matches("patched").count(), 2, "{changed}");
    assert!(changed.contains(" deleted"), "the collector's Job: {changed}");
    let collections = ["jobs,pods", "--selector=app.kubernetes.io/component=collector"];
    assert_eq!(reader.get(TRACKER, &collections)["items"], json!([]), "none goes on");
    let cronjob = reader.get(TRACKER, &["cronjob", "stats-tracker-collect"]);
    assert_eq!(cronjob["spec"]["suspend"], false, "it collects again");
    reader.removes_it();
}

fn spinkube(reader: &mut Reader) {
    // The label that runtime-class-manager sets at its end. Its chart is not installed here.
    node(reader, &json!({"spin-v2": "provisioned"}));
    reader.run("spinkube.sh", "nodes");
    assert_eq!(
        reader.get("default", &["shim", "spin-v2"])["metadata"]["name"],
        "spin-v2"
    );
    assert_eq!(labelled(reader), "node/node\n");
    reader.kubectl(&["delete", "node/node"]);

    reader.run("spinkube.sh", "install");
    let apps = reader.get(TRACKER, &["spinapps,spinappexecutors"]);
    assert_eq!(apps["items"].as_array().unwrap().len(), 2, "{apps}");
    reader.removes_it();
}

fn node(reader: &Reader, labels: &Value) {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node", "labels": labels}});
    let file = reader.server.directory().join("node.json");
    fs::write(&file, node.to_string()).unwrap();
    stdout(reader.server.kubectl().args(["create", "--filename"]).arg(&file));
}

/// The nodes on which the shim should be installed.
fn labelled(reader: &Reader) -> String {
    reader.kubectl(&["get", "nodes", "--selector=spin=true", "--output=name"])
}

fn production(reader: &mut Reader) {
    let postgresql = PostgreSql::listening(([127, 0, 0, 1], 0).into());
    // A managed PostgreSQL, whose administrator is no superuser.
    let administrator = "CREATE ROLE administrator LOGIN CREATEROLE CREATEDB PASSWORD 'administrator'";
    let mut psql = postgresql.client("psql");
    stdout(psql.args(["--no-psqlrc", "--command", administrator, "postgres"]));
    let mut variables = postgresql.variables().to_vec();
    variables.push(("DATABASE_HOST", "127.0.0.1".to_owned()));
    variables.push(("DATABASE_ADMINISTRATOR", "administrator".to_owned()));
    let programs = [postgresql.programs()];
    reader.run_with(
        "production.sh",
        &["database", "secrets", "addresses"],
        &variables,
        &programs,
    );

    // The public key of a release. Its file's name is the key in the Secret, which Flux finds by its ending.
    let key = reader.server.directory().join("cosign.pub");
    fs::write(&key, "-----BEGIN PUBLIC KEY-----\n").unwrap();
    reader.run_with("signature.sh", &["key"], &[("KEY", key.display().to_string())], &[]);
    let secret = reader.get(TRACKER, &["secret", "cosign-public-keys"]);
    assert!(secret["data"]["cosign.pub"].is_string(), "{secret}");

    // The Secret's URLs are of a user who can create tables, and of one who can read them.
    let asked = |reader: &Reader, key: &str, question: &str| {
        let path = format!("--output=go-template={{{{index .data {key:?} | base64decode}}}}");
        let address = reader.kubectl(&["--namespace", TRACKER, "get", "secret", "stats-tracker-database", &path]);
        let mut psql = postgresql.client("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--command", question])
            .arg(address);
        psql
    };
    stdout(&mut asked(
        reader,
        "owner-url",
        "CREATE TABLE of_a_migration AS SELECT 4711",
    ));
    let read = stdout(&mut asked(reader, "reader-url", "SELECT * FROM of_a_migration"));
    assert_eq!(read.trim(), "4711");
    let refused = refusal(&mut asked(
        reader,
        "reader-url",
        "BEGIN READ WRITE; DELETE FROM of_a_migration",
    ));
    assert!(refused.contains("permission denied"), "{refused}");

    // All keys of Secrets that production's pods use exist.
    let mut kustomize = reader.server.kubectl();
    kustomize.args(["kustomize", "ex3-stats-tracker/deploy/apps/production"]);
    let applied = stdout(kustomize.current_dir(workspace()));
    let objects: Vec<Value> = serde_saphyr::from_multiple(&applied).unwrap();
    let release = objects.iter().find(|object| object["kind"] == "HelmRelease").unwrap();
    let values = reader.server.directory().join("production.json");
    fs::write(&values, release["spec"]["values"].to_string()).unwrap();
    let mut helm = reader.server.helm().unwrap_or_else(|error| panic!("{error}"));
    helm.args(["install", TRACKER, "charts/stats-tracker", "--namespace", TRACKER]);
    helm.args(["--wait", "--timeout=120s", "--values"]).arg(&values);
    stdout(helm.current_dir(workspace()));
    let mut references = BTreeSet::new();
    secret_keys(&reader.get(TRACKER, &["deployments,cronjobs"]), &mut references);
    assert!(references.len() >= 3, "{references:?}");
    for (secret, key) in references {
        let data = reader.get(TRACKER, &["secret", &secret]);
        assert!(data["data"][&key].is_string(), "{secret} has no {key}");
    }

    // Other passwords: the database and the Secret get the same new ones, and the web process is started again.
    let before = reader.get(TRACKER, &["secret", "stats-tracker-database"])["data"].clone();
    reader.run_with("production.sh", &["database", "addresses"], &variables, &programs);
    let after = reader.get(TRACKER, &["secret", "stats-tracker-database"])["data"].clone();
    for key in ["owner-url", "reader-url"] {
        assert_ne!(before[key], after[key], "{key}");
        let read = stdout(&mut asked(reader, key, "SELECT * FROM of_a_migration"));
        assert_eq!(read.trim(), "4711", "{key}");
    }
    let rolled_out = reader.run("upkeep.sh", "rotate");
    assert!(rolled_out.contains("successfully rolled out"), "{rolled_out}");
    reader.removes_it();
}

/// Collects all `secretKeyRef`s in an object: the Secret's name and the key.
fn secret_keys(value: &Value, found: &mut BTreeSet<(String, String)>) {
    if let (Some(name), Some(key)) = (
        value.pointer("/secretKeyRef/name").and_then(Value::as_str),
        value.pointer("/secretKeyRef/key").and_then(Value::as_str),
    ) {
        found.insert((name.to_owned(), key.to_owned()));
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| secret_keys(value, found)),
        Value::Object(values) => values.values().for_each(|value| secret_keys(value, found)),
        _ => {}
    }
}

fn flux(reader: &mut Reader) {
    // An empty chart instead of the operator's, which is in a registry.
    let chart = reader.server.directory().join("flux-operator");
    fs::create_dir_all(&chart).unwrap();
    let description = "apiVersion: v2\nname: flux-operator\nversion: 0.59.0\n";
    fs::write(chart.join("Chart.yaml"), description).unwrap();
    let variables = [("FLUX_OPERATOR", chart.display().to_string())];
    reader.run_with("flux.sh", &["install"], &variables, &[]);

    // The work of Flux: apply its first directory, and set the status.
    let instance = reader.get("flux-system", &["fluxinstance", "flux"]);
    let begins = instance["spec"]["sync"]["path"].as_str().unwrap();
    let mut apply = reader.server.kubectl();
    stdout(
        apply
            .args(["apply", "--server-side", "--force-conflicts", "--kustomize", begins])
            .current_dir(workspace()),
    );
    for object in ["fluxinstance/flux", "kustomization/apps"] {
        let generation = &reader.get("flux-system", &[object])["metadata"]["generation"];
        let ready = json!({
            "type": "Ready",
            "status": "True",
            "reason": "Done",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let status = json!({"status": {"observedGeneration": generation, "conditions": [ready]}});
        let mut patch = reader.server.kubectl();
        patch.args(["--namespace", "flux-system", "patch", object, "--subresource=status"]);
        stdout(patch.args(["--type=merge", "--patch", &status.to_string()]));
    }
    // Before and after a restored backup Flux has to let the tracker alone.
    let mut apply = reader.server.kubectl();
    apply.args([
        "apply",
        "--server-side",
        "--kustomize",
        "ex3-stats-tracker/deploy/apps/staging",
    ]);
    stdout(apply.current_dir(workspace()));
    for (region, suspended) in [("suspend-flux", true), ("resume-flux", false)] {
        reader.run("upkeep.sh", region);
        let release = reader.get(TRACKER, &["helmrelease", "stats-tracker"]);
        assert_eq!(release["spec"]["suspend"], suspended, "{region}");
    }

    reader.run("upkeep.sh", "retry");
    let annotations = &reader.get(TRACKER, &["helmrelease", "stats-tracker"])["metadata"]["annotations"];
    let [requested, reset] = ["requestedAt", "resetAt"].map(|name| &annotations[format!("reconcile.fluxcd.io/{name}")]);
    assert!(requested.is_string() && requested == reset, "{annotations}");

    let met = reader.run("flux.sh", "wait");
    assert_eq!(met.matches("condition met").count(), 3, "{met}");
}
