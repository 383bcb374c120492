//! Starts a PostgreSQL server for one test, with its data in a temporary directory that is removed at the end.
//!
//! Authentication: Unix socket: trust; TCP: scram-sha-256. `fsync` is off, since no test simulates a loss of power.
//!
//! Everything here panics if PostgreSQL is not installed or does not start: it is for tests.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::ports::free_port;

/// Debian's directory of PostgreSQL's programs. It has a directory for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The time limit for the start. It takes a second or two, and longer on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The port in the name of the socket if the server does not listen on TCP.
const DEFAULT_PORT: u16 = 5432;

const ADMINISTRATOR: &str = "postgres";

/// The administrator's password for TCP connections.
const PASSWORD: &str = "administrator";

/// A running server. It is ended when this is dropped.
#[derive(Debug)]
pub struct PostgreSql {
    server: Child,
    programs: PathBuf,
    address: Option<SocketAddr>,
    directory: TempDir,
}

impl PostgreSql {
    /// Starts a server that listens only on its Unix socket.
    ///
    /// # Panics
    /// If it can't be started.
    pub fn start() -> Self {
        Self::start_at(None)
    }

    /// Starts a server that also listens on a TCP address; port 0 for any free one.
    ///
    /// # Panics
    /// If it can't be started.
    pub fn listening(mut address: SocketAddr) -> Self {
        if address.port() == 0 {
            address.set_port(free_port().expect("there is a free port"));
        }
        let free = TcpListener::bind(address).and_then(|listener| listener.local_addr());
        Self::start_at(Some(free.unwrap_or_else(|error| panic!("{address}: {error}"))))
    }

    fn start_at(address: Option<SocketAddr>) -> Self {
        let programs = programs();
        // Directly under /tmp, since a socket's path has at most 107 bytes.
        let directory = tempfile::Builder::new()
            .prefix("stats-tracker-pg-")
            .tempdir_in("/tmp")
            .expect("a temporary directory can be made");
        // The server and its clients may run as other users, and need access.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("permissions can be set");
        let user = user_of_the_server(directory.path());
        let data = directory.path().join("data");
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command.arg("-D").arg(&data).current_dir("/").stdin(Stdio::null());
            command
        };

        let password = directory.path().join("password");
        fs::write(&password, PASSWORD).expect("a password can be written");
        let mut initdb = command("initdb");
        initdb.args([
            "--username",
            ADMINISTRATOR,
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]);
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile"]);
        run(initdb.arg(&password));
        OpenOptions::new()
            .append(true)
            .open(data.join("pg_hba.conf"))
            .and_then(|mut file| writeln!(file, "host all all all scram-sha-256"))
            .expect("the allowed addresses can be written");

        let (listens, port) = address.map_or((String::new(), DEFAULT_PORT), |address| {
            (address.ip().to_string(), address.port())
        });
        let mut server = command("postgres");
        server.arg("-k").arg(directory.path());
        server.args(["-p", &port.to_string(), "-c", "fsync=off", "-c"]);
        server.arg(format!("listen_addresses={listens}"));
        let log = File::create(directory.path().join("log")).expect("a log can be written");
        let server = server.stdout(Stdio::null()).stderr(log).spawn();
        let postgresql = Self {
            server: server.expect("postgres starts"),
            programs,
            address,
            directory,
        };
        postgresql.wait_until_ready();
        postgresql
    }

    fn wait_until_ready(&self) {
        let start = Instant::now();
        while !output(&mut self.client("pg_isready")).status.success() {
            let log = || fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(start.elapsed() < TIMEOUT, "PostgreSQL did not start: {}", log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Creates an empty database.
    ///
    /// # Panics
    /// If a database of that name exists.
    pub fn create_database(&self, name: &str) {
        run(self.client("createdb").arg(name));
    }

    /// The directory of the Unix socket.
    pub fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    /// A database's URL by the Unix socket.
    pub fn url(&self, database: &str) -> String {
        let host = self.socket_directory().display().to_string().replace('/', "%2F");
        let port = self.port();
        format!("postgresql://{ADMINISTRATOR}@{host}:{port}/{database}")
    }

    /// The port of the TCP address, which is also in the socket's name.
    pub fn port(&self) -> u16 {
        self.address.map_or(DEFAULT_PORT, |address| address.port())
    }

    /// The directory of PostgreSQL's programs.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// A command of one of PostgreSQL's programs, or of any program with an absolute path. By default it connects by
    /// the Unix socket, as the administrator.
    pub fn client(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .current_dir("/")
            .env("PGHOST", self.socket_directory())
            .env("PGPORT", self.port().to_string())
            .env("PGUSER", ADMINISTRATOR);
        command
    }

    /// The environment variables for a TCP connection as the administrator.
    ///
    /// # Panics
    /// If the server does not listen on TCP.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        let address = self.address.expect("it was started with an address");
        [
            ("PGHOST", address.ip().to_string()),
            ("PGPORT", address.port().to_string()),
            ("PGUSER", ADMINISTRATOR.to_owned()),
            ("PGPASSWORD", PASSWORD.to_owned()),
        ]
    }
}

impl Drop for PostgreSql {
    fn drop(&mut self) {
        // SIGQUIT: an immediate shutdown that also ends the server's child processes. They would write to the directory
        // while it is removed.
        let process = self.server.id().to_string();
        let asked = Command::new("kill").args(["-QUIT", &process]).status();
        if !asked.is_ok_and(|status| status.success()) {
            _ = self.server.kill();
        }
        _ = self.server.wait();
    }
}

/// The programs of the newest version.
fn programs() -> PathBuf {
    let version = |programs: &PathBuf| -> Option<u32> { programs.parent()?.file_name()?.to_str()?.parse().ok() };
    fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("postgres").is_file())
        .max_by_key(version)
        .expect("PostgreSQL is not installed; `cargo xtask setup` installs what the tests need")
}

/// The user that the server runs as, and that owns its directory, if this process is root: PostgreSQL refuses to run as
/// root.
fn user_of_the_server(directory: &Path) -> Option<(u32, u32)> {
    let id = |what: &str| -> u32 {
        let printed = run(Command::new("id").args([what, "postgres"]));
        let id = printed.trim().parse();
        id.expect("there is a user `postgres`, which the package creates")
    };
    let is_root = directory.metadata().is_ok_and(|metadata| metadata.uid() == 0);
    is_root.then(|| {
        let (user, group) = (id("-u"), id("-g"));
        chown(directory, Some(user), Some(group)).expect("root may give a directory away");
        (user, group)
    })
}

fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = output(command);
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?} ended with {status}: {errors}");
    String::from_utf8_lossy(&stdout).into_owned()
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(psql: &mut Command, sql: &str) -> Output {
        output(psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", sql]))
    }

    #[test]
    fn it_answers_by_its_socket_and_by_its_address_and_leaves_nothing() {
        let postgresql = PostgreSql::listening(([127, 0, 0, 1], 0).into());
        postgresql.create_database("made");
        let sql = "SELECT current_user || '@' || current_database()";
        let by_socket = query(postgresql.client("psql").arg("made"), sql);
        assert_eq!(String::from_utf8_lossy(&by_socket.stdout), "postgres@made\n");
        let by_url = query(postgresql.client("psql").arg(postgresql.url("made")), sql);
        assert_eq!(by_url.stdout, by_socket.stdout);

        let mut by_address = postgresql.client("psql");
        by_address.envs(postgresql.variables()).arg("made");
        assert_eq!(query(&mut by_address, sql).stdout, by_socket.stdout);
        let refused = query(by_address.env("PGPASSWORD", "another"), sql);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("password authentication failed"));

        let directory = postgresql.socket_directory().to_owned();
        drop(postgresql);
        assert!(!directory.exists());
    }

    #[test]
    fn without_an_address_there_is_the_socket_alone() {
        let postgresql = PostgreSql::start();
        let answer = query(&mut postgresql.client("psql"), "SHOW listen_addresses");
        assert_eq!(String::from_utf8_lossy(&answer.stdout), "\n");
    }
}
