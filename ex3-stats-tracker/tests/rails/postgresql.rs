//! A PostgreSQL of its own for a test: made in a temporary directory, reached by a socket in it, and gone with it.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Where Debian puts PostgreSQL's programs, a directory for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// It starts in a second or two; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server, stopped when this is dropped.
pub(crate) struct Cluster {
    directory: TempDir,
    server: Child,
}

impl Cluster {
    /// Makes a cluster and starts its server.
    pub(crate) fn start() -> Self {
        let programs = programs();
        let user = User::of_the_server();
        // Directly under /tmp: a socket's path has at most 107 bytes.
        let directory = tempfile::Builder::new()
            .prefix("stats-tracker-pg-")
            .tempdir_in("/tmp")
            .expect("a temporary directory can be made");
        // The server, and Rails as another user, have to get in.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("permissions can be set");
        user.owns(directory.path());
        let data = directory.path().join("data");
        let made = user
            .command(&programs.join("initdb"))
            .args([
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(&data)
            .current_dir(directory.path())
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // What is tested is a collector that is killed, not a machine that loses power.
        let server = user
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(directory.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50"])
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.path().join("log")).expect("a log can be written"))
            .spawn()
            .expect("postgres starts");
        let cluster = Self { directory, server };
        cluster.wait_until_ready(&programs);
        let created = Command::new(programs.join("createdb"))
            .arg("--host")
            .arg(cluster.socket_directory())
            .args(["--username=postgres", "stats_tracker_test"])
            .status()
            .expect("createdb starts");
        assert!(created.success(), "createdb ended with {created}");
        cluster
    }

    /// The address of a database in it.
    pub(crate) fn url(&self, database: &str) -> String {
        let host = self.socket_directory().display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{host}/{database}")
    }

    /// The directory of its socket.
    pub(crate) fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    fn wait_until_ready(&self, programs: &Path) {
        let began = Instant::now();
        loop {
            let ready = Command::new(programs.join("pg_isready"))
                .arg("--host")
                .arg(self.socket_directory())
                .stdout(Stdio::null())
                .status()
                .expect("pg_isready starts");
            if ready.success() {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "PostgreSQL did not start: {}",
                fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its directory goes with it: there is nothing to shut down in order.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The newest version's programs.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("postgres").is_file())
        .collect();
    versions.sort();
    versions
        .pop()
        .map(|(_, programs)| programs)
        .expect("PostgreSQL is not installed; on Debian: apt-get install postgresql")
}

/// Who runs the server: it refuses to run as root.
enum User {
    Ourselves,
    Postgres { uid: u32, gid: u32 },
}

impl User {
    fn of_the_server() -> Self {
        let id = |arguments: &[&str]| -> u32 {
            let output = Command::new("id").args(arguments).output().expect("id starts");
            let text = String::from_utf8_lossy(&output.stdout);
            text.trim()
                .parse()
                .expect("there is a user `postgres`, whom the package makes")
        };
        if id(&["-u"]) == 0 {
            Self::Postgres {
                uid: id(&["-u", "postgres"]),
                gid: id(&["-g", "postgres"]),
            }
        } else {
            Self::Ourselves
        }
    }

    fn owns(&self, path: &Path) {
        if let Self::Postgres { uid, gid } = self {
            std::os::unix::fs::chown(path, Some(*uid), Some(*gid)).expect("root may give a directory away");
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Self::Postgres { uid, gid } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }
}
