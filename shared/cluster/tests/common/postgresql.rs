//! A PostgreSQL of this machine's, as somebody's own database would be beside a cluster.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::stdout;

/// Where Debian puts PostgreSQL's programs, a directory for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// It starts in a second or two; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Its administrator's.
const PASSWORD: &str = "administrator";

/// A running server, which asks everybody for a password.
pub(crate) struct PostgreSql {
    server: Child,
    programs: PathBuf,
    address: SocketAddr,
    directory: TempDir,
}

impl PostgreSql {
    /// Starts an empty one; port 0 is one that is free.
    pub(crate) fn start(address: SocketAddr) -> Self {
        let programs = programs();
        // Directly under /tmp: a socket's path has at most 107 bytes.
        let directory = tempfile::Builder::new()
            .prefix("postgresql-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let its_user = user_of_the_server(directory.path());
        let password = directory.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if let Some((user, group)) = its_user {
                command.uid(user).gid(group);
            }
            command.arg("-D").arg(directory.path().join("data")).current_dir("/");
            command
        };
        stdout(
            command("initdb")
                .args(["--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync"])
                .arg("--auth=scram-sha-256")
                .arg("--pwfile")
                .arg(password),
        );
        let anybody = "host all all all scram-sha-256\n";
        fs::write(directory.path().join("data/pg_hba.conf"), anybody).unwrap();
        let address = TcpListener::bind(address).unwrap().local_addr().unwrap();
        let server = command("postgres")
            .arg("-k")
            .arg(directory.path())
            .args(["-p", &address.port().to_string(), "-c", "fsync=off"])
            .args(["-c", &format!("listen_addresses={}", address.ip())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let postgresql = Self {
            server,
            programs,
            address,
            directory,
        };
        postgresql.wait_until_ready();
        postgresql
    }

    fn wait_until_ready(&self) {
        let start = Instant::now();
        while !super::output(&mut self.client("pg_isready")).status.success() {
            let log = || fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "PostgreSQL did not start: {}", log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where its programs are.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    /// One of its programs, which asks it as its administrator where it is not told otherwise.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.envs(self.variables());
        command
    }

    /// The variables by which its programs get in.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("PGHOST", self.address.ip().to_string()),
            ("PGPORT", self.address.port().to_string()),
            ("PGUSER", "postgres".to_owned()),
            ("PGPASSWORD", PASSWORD.to_owned()),
        ]
    }
}

impl Drop for PostgreSql {
    fn drop(&mut self) {
        // Its directory goes with it: there is nothing to shut down in order.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The newest version's.
fn programs() -> PathBuf {
    let version = |programs: &PathBuf| -> Option<u32> { programs.parent()?.file_name()?.to_str()?.parse().ok() };
    fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .map(|version| version.unwrap().path().join("bin"))
        .filter(|programs| programs.join("postgres").is_file())
        .max_by_key(version)
        .expect("PostgreSQL is not installed; `cargo xtask setup` installs what the tests need")
}

/// Whom root starts the server as, and gives its directory to: PostgreSQL refuses to run as root.
fn user_of_the_server(directory: &Path) -> Option<(u32, u32)> {
    let id = |what: &str| -> u32 {
        stdout(Command::new("id").args([what, "postgres"]))
            .trim()
            .parse()
            .unwrap()
    };
    (fs::metadata(directory).unwrap().uid() == 0).then(|| {
        let (user, group) = (id("-u"), id("-g"));
        chown(directory, Some(user), Some(group)).unwrap();
        (user, group)
    })
}
