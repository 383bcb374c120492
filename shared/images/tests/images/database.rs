//! PostgreSQL in the place of the chart's own: Debian's, on this machine, with the users that the chart's script makes.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{built::run, pod::give};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Database {
    directory: TempDir,
    programs: PathBuf,
    user: (u32, u32),
    server: Child,
    pub(crate) port: u16,
}

impl Database {
    /// Starts an empty server with a database `stats_tracker`. Its socket lets everybody in, its address those with a
    /// password, as the image's does.
    pub(crate) fn start() -> Self {
        let programs = programs();
        let user = (id("-u"), id("-g"));
        let directory = tempfile::Builder::new()
            .prefix("stats-tracker-pg-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        give(directory.path(), user.0, user.1);
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.uid(user.0).gid(user.1).current_dir("/");
            command
        };
        let data = directory.path().join("data");
        run(command("initdb")
            .args(["--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync"])
            .args(["--auth-local=trust", "--auth-host=scram-sha-256", "--pgdata"])
            .arg(&data));
        let server = command("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(directory.path())
            .args([
                "-p",
                &port.to_string(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "fsync=off",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let database = Self {
            directory,
            programs: programs.clone(),
            user,
            server,
            port,
        };
        let began = Instant::now();
        while !database.client("pg_isready").output().unwrap().status.success() {
            assert!(began.elapsed() < PATIENCE, "PostgreSQL does not start");
            thread::sleep(Duration::from_millis(20));
        }
        run(database
            .client("createdb")
            .args(["--username=postgres", "stats_tracker"]));
        database
    }

    /// Runs the chart's script, which knows its files under `mounted`.
    pub(crate) fn run_script(
        &self,
        script: &str,
        mounted: &str,
        files: &[(&str, &str)],
        environment: &[(String, String)],
    ) {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        for (name, content) in files {
            fs::write(place.path().join(name), content).unwrap();
        }
        let script = script.replace(mounted, place.path().to_str().unwrap());
        let path = std::env::join_paths([&*self.programs, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        run(self
            .client(Path::new("/bin/sh"))
            .args(["-c", &script])
            .env("PATH", path)
            .envs(environment.iter().map(|(name, value)| (name, value))));
    }

    /// A program of PostgreSQL's, or one with an absolute path, that finds the server.
    fn client(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .uid(self.user.0)
            .gid(self.user.1)
            .current_dir("/")
            .env("PGHOST", self.directory.path())
            .env("PGPORT", self.port.to_string());
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // At once, but not before its own processes, which would write to the directory while that is removed.
        let _ = kill_process(Pid::from_child(&self.server), Signal::QUIT);
        let _ = self.server.wait();
    }
}

/// Of the newest version that is installed.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions
        .pop()
        .expect("PostgreSQL is not installed; on Debian: apt-get install postgresql")
        .1
}

/// Of Debian's user for it: PostgreSQL refuses to be run by root.
fn id(which: &str) -> u32 {
    let printed = run(Command::new("id").args([which, "postgres"]));
    String::from_utf8_lossy(&printed).trim().parse().unwrap()
}
