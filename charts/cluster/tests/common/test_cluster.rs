//! A cluster for the whole tracker: an API server and a node, with the machine's PostgreSQL and a stand-in for GitHub, all in
//! a node's Linux namespaces.

use std::{
    env, fs,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use cluster::{ApiServer, NODE_ADDRESS, Node, Tool, namespaces};
use github::stand_in::{Options, StandIn};
use images::Image;
use serde_json::{Value, json};
use system::postgresql::PostgreSql;

use super::{chart, output, printed, relay::relay, scripts, stdout, workspace};

/// The release and its namespace in the walk-through.
pub(crate) const TRACKER: &str = "stats-tracker";

/// The database in the walk-through.
const DATABASE: &str = "stats_tracker";

/// The registry of the project's images in the chart.
const REPOSITORY: &str = "ghcr.io/stats-tracker-ghcr";

/// The images of the chart's components with an external database.
const IMAGES: [Image; 2] = [Image::Component, Image::Rails];

/// The time limit of each step, for a busy machine. The real durations are printed.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The interval of the checks of a condition. Each check is a process.
const INTERVAL: Duration = Duration::from_millis(200);

/// A cluster with a node, the database and the stand-in.
pub(crate) struct Cluster {
    // The node must be dropped before its API server.
    pub(crate) node: Node,
    pub(crate) server: Arc<ApiServer>,
    postgresql: PostgreSql,
    /// The address of the stand-in for pods.
    pub(crate) github: SocketAddr,
    _stand_in: StandIn,
    _runtime: tokio::runtime::Runtime,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let start = Instant::now();
        let server = Arc::new(ApiServer::start().unwrap_or_else(|error| panic!("{error}")));
        said("the API server is ready", start);
        let node = Node::start(&server).unwrap_or_else(|error| panic!("{error}"));
        said("the node is ready", start);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let stand_in = runtime.block_on(StandIn::start(([127, 0, 0, 1], 0).into(), Options::default()));
        let stand_in = stand_in.unwrap();
        let github = relay(NODE_ADDRESS.parse().unwrap(), stand_in.address());
        Self {
            node,
            server,
            postgresql: PostgreSql::listening(format!("{NODE_ADDRESS}:5432").parse().unwrap()),
            github,
            _stand_in: stand_in,
            _runtime: runtime,
        }
    }

    /// A kubectl command in the tracker's namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut kubectl = self.server.kubectl();
        kubectl.args(["--namespace", TRACKER]).args(arguments);
        kubectl
    }

    /// Waits for a condition. At the time limit it prints the cluster's state and panics.
    pub(crate) fn wait_for(&self, what: &str, condition: impl FnMut() -> bool) {
        if !is_met(what, condition) {
            self.print_state();
            panic!("waited in vain until {what}");
        }
    }

    pub(crate) fn print_state(&self) {
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

    /// A Helm command in the tracker's namespace.
    pub(crate) fn helm(&self, arguments: &[&str]) -> Command {
        let mut helm = self.server.helm().unwrap();
        helm.args(["--namespace", TRACKER]).args(arguments);
        helm
    }

    /// Runs Helm, and prints the cluster's state after a failure, because Helm does not report the cause.
    pub(crate) fn succeeds(&self, helm: &mut Command) {
        let answer = output(helm);
        if !answer.status.success() {
            self.print_state();
        }
        printed(helm, answer);
    }

    /// Gives the project's images to the node. [`build_images`] was called before.
    pub(crate) fn import_images(&self) {
        let start = Instant::now();
        for image in IMAGES {
            let layout = images::default_output().unwrap().join(image.name());
            let imported = self.node.import(&layout, &format!("{REPOSITORY}/{}", image.name()));
            imported.unwrap_or_else(|error| panic!("{error}"));
        }
        said("its images are there", start);
    }

    /// Installs the chart with the stand-in, the database and these values, in a namespace that enforces Pod Security
    /// "restricted".
    pub(crate) fn install_chart(&self, values: &Value) {
        self.create_database_and_secrets();
        let enforce = "pod-security.kubernetes.io/enforce=restricted";
        stdout(&mut self.kubectl(&["label", "namespace", TRACKER, enforce]));
        let surroundings = json!({
            "github": {
                "url": format!("http://{}", self.github),
                "source": "stand-in",
                "contact": "tracker@example.org",
            },
            "rails": {"existingSecret": "stats-tracker-rails"},
            "database": {"mode": "external", "external": {"existingSecret": "stats-tracker-database"}},
            "collector": {"pause": 0},
        });
        let mut helm = self.helm(&["install", TRACKER]);
        helm.arg(chart());
        for (name, values) in [("surroundings", &surroundings), ("values", values)] {
            let file = self.server.directory().join(name).with_extension("json");
            fs::write(&file, values.to_string()).unwrap();
            helm.arg("--values").arg(file);
        }
        self.succeeds(&mut helm);
    }

    /// The database and the Secrets of production by the walk-through's own commands.
    pub(crate) fn create_database_and_secrets(&self) {
        let mut commands = self.shell(&scripts::text("production.sh"));
        commands.env("DATABASE_HOST", NODE_ADDRESS);
        stdout(commands.envs(self.postgresql.variables()));
    }

    /// A shell with commands of the walk-through, in the repository's root.
    pub(crate) fn shell(&self, commands: &str) -> Command {
        let tools = Tool::Kubectl.path().unwrap();
        let path = env::join_paths(
            [tools.parent().unwrap(), self.postgresql.programs()]
                .map(Path::to_owned)
                .into_iter()
                .chain(env::split_paths(&env::var_os("PATH").unwrap())),
        );
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(commands).current_dir(workspace());
        shell.env("PATH", path.unwrap());
        shell.env("KUBECONFIG", self.server.kubeconfig());
        shell
    }

    /// The dashboard's answer through its Service.
    ///
    /// # Errors
    ///
    /// What kubectl says if there is none.
    pub(crate) fn dashboard(&self, path: &str) -> Result<String, String> {
        let address = format!("/api/v1/namespaces/{TRACKER}/services/{TRACKER}-web:80/proxy{path}");
        let answer = output(&mut self.kubectl(&["get", "--raw", &address]));
        match answer.status.success() {
            true => Ok(String::from_utf8_lossy(&answer.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&answer.stderr).into_owned()),
        }
    }

    /// The objects of a kind and a component.
    pub(crate) fn objects(&self, kind: &str, component: &str) -> Vec<Value> {
        let selector = format!("--selector=app.kubernetes.io/component={component}");
        let answer = stdout(&mut self.kubectl(&["get", kind, &selector, "--output=json"]));
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        std::mem::take(answer["items"].as_array_mut().unwrap())
    }

    /// The number of stored measurements.
    pub(crate) fn measurements(&self) -> u64 {
        // Before the migration there is no table.
        self.sql("SELECT count(*) FROM measurements")
            .trim()
            .parse()
            .unwrap_or(0)
    }

    pub(crate) fn sql(&self, statement: &str) -> String {
        let mut psql = self.postgresql.client("psql");
        psql.args(["--no-psqlrc", "--no-align", "--tuples-only", "--command"]);
        let answer = output(psql.args([statement, DATABASE]));
        String::from_utf8_lossy(&answer.stdout).into_owned()
    }

    /// The names of a component's pods that are ready and not being deleted.
    pub(crate) fn ready_pods(&self, component: &str) -> Vec<String> {
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
}

/// Runs a test in a node's namespaces, or prints why there can be none. `test`: the name of the function that calls this one,
/// because the program is started again there with that test alone.
///
/// The node has no network. So all that needs one or takes long is done before: [`Tool::ALL`], the other `tools` and `prepare`.
pub(crate) fn on_a_node(test: &str, tools: &[Tool], prepare: impl FnOnce(), steps: impl FnOnce()) {
    if namespaces::entered().unwrap_or_else(|error| panic!("{error}")) {
        return steps();
    }
    if let Some(what) = namespaces::obstacle() {
        eprintln!("not tried: {what}");
        return;
    }
    for tool in Tool::ALL.iter().chain(tools) {
        tool.path().unwrap_or_else(|error| panic!("{error}"));
    }
    prepare();
    let again = ["--exact", test, "--include-ignored", "--nocapture"];
    namespaces::run(&again).unwrap_or_else(|error| panic!("{error}"));
}

/// Builds the project's images, which takes a while and needs a network.
pub(crate) fn build_images() {
    for image in IMAGES {
        let directory = images::default_output().unwrap();
        image.build(&directory).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

/// Waits for a condition, and prints how long it took. Returns false at the time limit.
pub(crate) fn is_met(what: &str, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > TIMEOUT {
            return false;
        }
        thread::sleep(INTERVAL);
    }
    said(what, start);
    true
}

/// Prints a duration.
pub(crate) fn said(what: &str, start: Instant) {
    println!("{what}: {:.1} s", start.elapsed().as_secs_f64());
}
