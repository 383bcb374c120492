//! The pod of the chart's StatefulSet, in a Debian root with PostgreSQL of the image's major version.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use system::{
    debian_root::{DebianRoot, Inside, POSTGRESQL_17},
    ports::free_port,
};
use tempfile::TempDir;

use crate::{common, list, object, rendered, text};

/// The major version of [`POSTGRESQL_17`].
const VERSION: &str = "17";

/// The programs' directories in the image.
const PATH: &str = "/usr/lib/postgresql/17/bin:/usr/bin:/bin";

/// The time limit of the end, for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The volumes of a pod, which outlive its containers.
pub(crate) struct Volumes(TempDir);

impl Volumes {
    pub(crate) fn new() -> Self {
        Self(tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp").unwrap())
    }

    /// The directory of the volume with this name, which is empty at first.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        let directory = self.0.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        directory
    }
}

/// A running server.
pub(crate) struct Server<'a> {
    objects: Vec<Value>,
    volumes: &'a Volumes,
    root: DebianRoot,
    port: u16,
    /// None until it is started.
    process: Option<Child>,
}

impl<'a> Server<'a> {
    /// Starts the pod of a new rendering, and runs its hook after the start. `change` may change the files of its ConfigMap
    /// before.
    pub(crate) fn start(volumes: &'a Volumes, change: impl FnOnce(&Path)) -> Self {
        let objects = rendered(&[]);
        let files = volumes.directory("files");
        for (name, content) in object(&objects, "ConfigMap", "database")["data"].as_object().unwrap() {
            fs::write(files.join(name), text(content)).unwrap();
        }
        change(&files);
        fs::write(volumes.0.path().join("passwd"), "postgres:x:70:70::/tmp:/bin/sh\n").unwrap();
        let root = DebianRoot::with(POSTGRESQL_17).unwrap_or_else(|error| panic!("{error}"));
        let mut server = Self {
            objects,
            volumes,
            root,
            port: free_port().unwrap(),
            process: None,
        };
        let container = server.container().clone();
        let image = text(&container["image"]);
        assert!(image.contains(&format!(":{VERSION}-")), "{image}");
        let mut start = server.run_in_it(&container["command"]);
        let log = fs::File::create(volumes.0.path().join("log")).unwrap();
        start.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        server.process = Some(start.spawn().unwrap());
        let hook = &container["lifecycle"]["postStart"]["exec"]["command"];
        let output = common::output(&mut server.run_in_it(hook));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}{}", server.log());
        let probe = &container["readinessProbe"]["exec"]["command"];
        common::stdout(&mut server.run_in_it(probe));
        server
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.volumes.0.path().join("log")).unwrap()
    }

    fn container(&self) -> &Value {
        &object(&self.objects, "StatefulSet", "database")["spec"]["template"]["spec"]["containers"][0]
    }

    /// A key of the chart's Secret.
    pub(crate) fn secret(&self, key: &str) -> String {
        let encoded = text(&object(&self.objects, "Secret", "database")["data"][key]);
        String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap()
    }

    /// A command in the server's container, with its user, its environment and its volumes.
    fn run_in_it(&self, command: &Value) -> Command {
        let mut words = list(command).map(text);
        let inside = self.root.command(words.next().unwrap()).args(words.map(str::to_owned));
        self.as_the_pod(inside).command().unwrap()
    }

    fn as_the_pod(&self, mut inside: Inside) -> Inside {
        let pod = &object(&self.objects, "StatefulSet", "database")["spec"]["template"]["spec"];
        let container = self.container();
        let user = pod["securityContext"]["runAsUser"].as_u64().unwrap();
        inside = inside.user(u32::try_from(user).unwrap());
        // The image's user, and a port that no other test has.
        inside = inside
            .read_at(self.volumes.0.path().join("passwd"), "/etc/passwd")
            .env("PATH", PATH)
            .env("PGPORT", self.port.to_string());
        for variable in list(&container["env"]) {
            let value = match &variable["valueFrom"]["secretKeyRef"]["key"] {
                Value::Null => text(&variable["value"]).to_owned(),
                key => self.secret(text(key)),
            };
            inside = inside.env(text(&variable["name"]), value);
        }
        let volumes: BTreeMap<&str, &Value> = list(&pod["volumes"]).map(|it| (text(&it["name"]), it)).collect();
        for mount in list(&container["volumeMounts"]) {
            let (name, path) = (text(&mount["name"]), text(&mount["mountPath"]));
            assert!(volumes.contains_key(name), "the pod has no volume {name}");
            // /tmp is always there, and /var/run is a link.
            if path != "/tmp" {
                let path = path.replace("/var/run/", "/run/");
                let directory = self.volumes.directory(name);
                inside = if mount["readOnly"] == true {
                    inside.read_at(directory, path)
                } else {
                    inside.write_at(directory, path)
                };
            }
        }
        inside
    }

    /// `psql` in the server's container, by its Unix socket.
    pub(crate) fn psql(&self, user: &str, database: &str, arguments: &[&str]) -> Command {
        self.psql_with(user, database, arguments, &[])
    }

    /// `psql` with environment variables.
    pub(crate) fn psql_with(
        &self,
        user: &str,
        database: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Command {
        let inside = self
            .root
            .command("psql")
            .args(["--no-psqlrc", "--no-align", "--tuples-only"]);
        let inside = inside.args(["--username", user, "--dbname", database]);
        let mut inside = self.as_the_pod(inside.args(arguments.iter().map(|argument| (*argument).to_owned())));
        for (name, value) in variables {
            inside = inside.env(*name, *value);
        }
        inside.command().unwrap()
    }

    /// `psql` as the pods of Rails connect, with a URL of the Secret.
    pub(crate) fn by_url(&self, url: &str, sql: &str) -> Command {
        let host = "tracker-stats-tracker-database:5432";
        assert!(url.contains(host), "the URL is that of the Service");
        let url = url.replace(host, &format!("127.0.0.1:{}", self.port));
        let inside = self
            .root
            .command("psql")
            .args(["--no-psqlrc", "--no-align", "--tuples-only"]);
        let inside = inside
            .args(["--command".to_owned(), sql.to_owned(), url])
            .env("PATH", PATH);
        inside.command().unwrap()
    }
}

/// It is killed, as on a node that fails, so that the next start recovers.
impl Drop for Server<'_> {
    fn drop(&mut self) {
        let Some(process) = &mut self.process else { return };
        let _ = process.kill();
        let _ = process.wait();
        // The runner's end ends the server a moment later, and two servers may not have one volume.
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() && start.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(50));
        }
    }
}
