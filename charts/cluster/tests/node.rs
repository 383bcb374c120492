//! The chart on a real node, with the images of this repository: `helm install`, the first stored measurement, a
//! collection by the CronJob, a killed pod, a drained node, and an uninstallation without remaining objects.
//!
//! The node runs in its own Linux namespaces, together with a stand-in for GitHub and the machine's PostgreSQL.

mod common;

use std::{
    net::SocketAddr,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use cluster::{ApiServer, NODE, NODE_ADDRESS, Node, Tool, namespaces};
use common::{chart, output, printed, relay::relay, stdout, workspace};
use github::stand_in::{Options, StandIn};
use images::Image;
use serde_json::{Value, json};
use system::postgresql::PostgreSql;

/// The registry of the project's images in the chart.
const REPOSITORY: &str = "ghcr.io/stats-tracker-ghcr";

/// The release and its namespace in the walk-through.
const TRACKER: &str = "stats-tracker";

/// The database in the walk-through.
const DATABASE: &str = "stats_tracker";

/// The time limit of each step, for a busy machine. The real durations are printed.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The chart's components with an external database.
const IMAGES: [Image; 2] = [Image::Component, Image::Rails];

/// The limit of the idle component's memory.
const IDLE_COMPONENT: u64 = 30 * 1024 * 1024;

#[test]
fn the_tracker_runs_on_a_node() {
    if !namespaces::entered().unwrap_or_else(|error| panic!("{error}")) {
        if let Some(what) = namespaces::obstacle() {
            eprintln!("not tried: {what}");
            return;
        }
        // Everything that needs a network or takes long is done before, because the node has no network.
        for tool in Tool::ALL {
            tool.path().unwrap_or_else(|error| panic!("{error}"));
        }
        for image in IMAGES {
            let directory = images::default_output().unwrap();
            image.build(&directory).unwrap_or_else(|error| panic!("{error:#}"));
        }
        let again = ["--exact", "the_tracker_runs_on_a_node", "--nocapture"];
        return namespaces::run(&again).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut cluster = Cluster::start();
    cluster.install();
    cluster.collect_by_the_cronjob();
    cluster.measure_resources();
    cluster.kill_a_pod();
    cluster.drain_the_node();
    cluster.uninstall();
}

/// A cluster with a node, the database and the stand-in.
struct Cluster {
    // The node must be dropped before its API server.
    _node: Node,
    server: Arc<ApiServer>,
    postgresql: PostgreSql,
    /// The address of the stand-in for pods.
    github: SocketAddr,
    _stand_in: StandIn,
    _runtime: tokio::runtime::Runtime,
}

impl Cluster {
    fn start() -> Self {
        let start = Instant::now();
        let server = Arc::new(ApiServer::start().unwrap_or_else(|error| panic!("{error}")));
        said("the API server is ready", start);
        let node = Node::start(&server).unwrap_or_else(|error| panic!("{error}"));
        said("the node is ready", start);
        for image in IMAGES {
            let layout = images::default_output().unwrap().join(image.name());
            node.import(&layout, &format!("{REPOSITORY}/{}", image.name()))
                .unwrap_or_else(|error| panic!("{error}"));
        }
        said("its images are there", start);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let stand_in = runtime.block_on(StandIn::start(([127, 0, 0, 1], 0).into(), Options::default()));
        let stand_in = stand_in.unwrap();
        let github = relay(NODE_ADDRESS.parse().unwrap(), stand_in.address());
        Self {
            _node: node,
            server,
            postgresql: PostgreSql::listening(format!("{NODE_ADDRESS}:5432").parse().unwrap()),
            github,
            _stand_in: stand_in,
            _runtime: runtime,
        }
    }

    fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut kubectl = self.server.kubectl();
        kubectl.args(["--namespace", TRACKER]).args(arguments);
        kubectl
    }

    fn helm(&self, arguments: &[&str]) -> Command {
        let mut helm = self.server.helm().unwrap();
        helm.args(["--namespace", TRACKER]).args(arguments);
        helm
    }

    /// Waits for a condition. At the time limit it prints the cluster's state and panics.
    fn wait_for(&self, what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            if start.elapsed() > TIMEOUT {
                self.print_state();
                panic!("waited in vain until {what}");
            }
            thread::sleep(Duration::from_millis(100));
        }
        said(what, start);
    }

    fn print_state(&self) {
        for question in [
            vec!["get", "pods,jobs,deployments", "--output=wide"],
            vec!["get", "events", "--sort-by=.lastTimestamp"],
            vec![
                "logs",
                "--selector=app.kubernetes.io/instance",
                "--all-containers",
                "--prefix",
                "--tail=20",
            ],
        ] {
            let answer = output(&mut self.kubectl(&question));
            eprintln!("{}", String::from_utf8_lossy(&answer.stdout));
        }
    }

    /// Runs Helm, and prints the cluster's state after a failure, because Helm does not report the cause.
    fn succeeds(&self, helm: &mut Command) {
        let answer = output(helm);
        if !answer.status.success() {
            self.print_state();
        }
        printed(helm, answer);
    }

    fn objects(&self, kind: &str, component: &str) -> Vec<Value> {
        let selector = format!("--selector=app.kubernetes.io/component={component}");
        let answer = stdout(&mut self.kubectl(&["get", kind, &selector, "--output=json"]));
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        std::mem::take(answer["items"].as_array_mut().unwrap())
    }

    fn measurements(&self) -> u64 {
        // Before the migration there is no table.
        self.sql("SELECT count(*) FROM measurements")
            .trim()
            .parse()
            .unwrap_or(0)
    }

    fn sql(&self, statement: &str) -> String {
        let mut psql = self.postgresql.client("psql");
        psql.args(["--no-psqlrc", "--no-align", "--tuples-only", "--command"]);
        let answer = output(psql.args([statement, DATABASE]));
        String::from_utf8_lossy(&answer.stdout).into_owned()
    }

    /// The names of a component's pods that are ready and not being deleted.
    fn ready_pods(&self, component: &str) -> Vec<String> {
        let ready = |pod: &&Value| {
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            pod["metadata"]["deletionTimestamp"].is_null()
                && conditions
                    .into_iter()
                    .any(|it| it["type"] == "Ready" && it["status"] == "True")
        };
        let pods = self.objects("pods", component);
        pods.iter()
            .filter(ready)
            .map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The database and the Secrets by the walk-through's own commands, then the chart.
    fn install(&mut self) {
        let script = std::fs::read_to_string(workspace().join("ex3-stats-tracker/deploy/walk-through/production.sh"));
        let tools = Tool::Kubectl.path().unwrap();
        let path = std::env::join_paths(
            [tools.parent().unwrap(), self.postgresql.programs()]
                .map(std::path::Path::to_owned)
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        let mut commands = Command::new("sh");
        commands.arg("-c").arg(script.unwrap()).current_dir(workspace());
        commands.env("PATH", path.unwrap()).env("DATABASE_HOST", NODE_ADDRESS);
        commands.envs(self.postgresql.variables());
        stdout(commands.env("KUBECONFIG", self.server.kubeconfig()));
        let enforce = "pod-security.kubernetes.io/enforce=restricted";
        stdout(&mut self.kubectl(&["label", "namespace", TRACKER, enforce]));

        let values = json!({
            "github": {
                "url": format!("http://{}", self.github),
                "source": "stand-in",
                "contact": "tracker@example.org",
            },
            "rails": {"existingSecret": "stats-tracker-rails"},
            "database": {"mode": "external", "external": {"existingSecret": "stats-tracker-database"}},
            "collector": {"onInstall": true, "schedule": "* * * * *", "pause": 0},
            "component": {"podDisruptionBudget": {"enabled": true}},
            "web": {"podDisruptionBudget": {"enabled": true}},
        });
        let file = self.server.directory().join("values.json");
        std::fs::write(&file, values.to_string()).unwrap();
        let start = Instant::now();
        let mut helm = self.helm(&["install", TRACKER]);
        self.succeeds(helm.arg(chart()).arg("--values").arg(file));
        said("helm install is done", start);
        self.wait_for("a measurement is stored", || self.measurements() > 0);
        said("from helm install to the first measurement", start);
        self.wait_for("all is ready", || {
            ["component", "web"]
                .iter()
                .all(|component| self.ready_pods(component).len() == 1)
        });
        // The dashboard, through the Service and with Rails' read-only database user.
        let address = format!("/api/v1/namespaces/{TRACKER}/services/{TRACKER}-web:80/proxy/api/orgs/fluxcd.json");
        let answer = stdout(&mut self.kubectl(&["get", "--raw", &address]));
        assert!(answer.contains("stand-in"), "{answer}");
        self.succeeds(&mut self.helm(&["test", TRACKER, "--timeout=120s", "--logs"]));
        said("helm test agrees", start);
    }

    fn collect_by_the_cronjob(&self) {
        self.wait_for("the CronJob has collected", || {
            self.objects("jobs", "collector").iter().any(|job| {
                job["metadata"]["ownerReferences"][0]["kind"] == "CronJob" && job["status"]["succeeded"] == 1
            })
        });
    }

    fn measure_resources(&self) {
        let idle = || -> Option<u64> {
            let summary =
                stdout(&mut self.kubectl(&["get", "--raw", &format!("/api/v1/nodes/{NODE}/proxy/stats/summary")]));
            let summary: Value = serde_json::from_str(&summary).unwrap();
            let pods = summary["pods"].as_array().unwrap();
            let component = pods.iter().find(|pod| {
                let name = pod["podRef"]["name"].as_str().unwrap_or_default();
                name.starts_with(&format!("{TRACKER}-component-"))
            })?;
            component["containers"][0]["memory"]["workingSetBytes"].as_u64()
        };
        self.wait_for("the kubelet knows how much memory the component takes", || {
            idle().is_some()
        });
        let bytes = idle().unwrap();
        println!("the component takes {:.1} MB", bytes as f64 / 1e6);
        assert!(bytes < IDLE_COMPONENT, "{bytes} bytes");
    }

    fn kill_a_pod(&self) {
        for component in ["component", "web"] {
            let before = self.ready_pods(component);
            stdout(&mut self.kubectl(&["delete", "pod", &before[0], "--force", "--grace-period=0"]));
            self.wait_for(&format!("another {component} is ready"), || {
                let now = self.ready_pods(component);
                !now.is_empty() && now != before
            });
        }
    }

    fn drain_the_node(&self) {
        let start = Instant::now();
        stdout(&mut self.kubectl(&["drain", NODE, "--delete-emptydir-data", "--timeout=120s"]));
        said("the node is drained", start);
        for component in ["component", "web"] {
            assert!(self.ready_pods(component).is_empty(), "{component}");
        }
        let before = self.measurements();
        // What was just read is left out of a collection.
        self.sql("UPDATE collections SET started_at = started_at - interval '1 hour'");
        stdout(&mut self.kubectl(&["uncordon", NODE]));
        self.wait_for("all is ready again", || {
            ["component", "web"]
                .iter()
                .all(|component| self.ready_pods(component).len() == 1)
        });
        // The CronJob collects within a minute.
        self.wait_for("it collects again", || self.measurements() > before);
    }

    fn uninstall(&self) {
        stdout(&mut self.helm(&["uninstall", TRACKER, "--wait", "--timeout=120s"]));
        self.wait_for("no pod is left", || {
            stdout(&mut self.kubectl(&["get", "pods", "--output=name"]))
                .trim()
                .is_empty()
        });
    }
}

fn said(what: &str, start: Instant) {
    println!("{what}: {:.1} s", start.elapsed().as_secs_f64());
}
