//! Runs the component in the user's own Spin, instead of the embedded host.
//!
//! `spin up` gets the same module, routes and variables. It does not have the host's limits of time and computing, nor its
//! pause between requests: the caller has to make the pause.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use system::{cache, command_line};
use system::{ports::free_port, processes::end_with_this_process};
use tokio::{
    process::{Child, Command},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{backoff::Backoff, dashboard::process::stop, loopback};

/// The time limit for Spin to compile the component and to respond, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The interval between two checks whether Spin responds.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The first delay before Spin is started again. It doubles each time.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// The longest delay before Spin is started again.
const MAX_RESTART_DELAY: Duration = Duration::from_mins(5);

/// The reason for which the component does not run in Spin.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error(
        "there is no program {}: install Spin (https://spinframework.dev), name it with --spin PROGRAM, or leave \
         --spin out for the embedded host",
        program.display()
    )]
    NotFound { program: PathBuf },
    #[error("{} can't be started: {error}", program.display())]
    Start { program: PathBuf, error: io::Error },
    #[error("{} ended with {status} before the component answered; what it said is above", program.display())]
    Ended { program: PathBuf, status: ExitStatus },
    #[error("the component in {} did not answer within {seconds} s", program.display())]
    NotReady { program: PathBuf, seconds: u64 },
    #[error("{address} is in use; --port names another port, and 0 takes any free one")]
    AddressInUse { address: SocketAddr },
    #[error("{}: {error}", path.display())]
    Manifest { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Cache(#[from] cache::Error),
    #[error("the HTTP client can't be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running `spin up`. It is restarted if it ends by itself, and ended when this is dropped.
#[derive(Debug)]
pub struct Spin {
    address: SocketAddr,
    /// Ends Spin, also when it is dropped.
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// The arguments of `spin up`.
#[derive(Debug)]
struct Start {
    program: PathBuf,
    manifest: PathBuf,
    variables: BTreeMap<String, String>,
    address: SocketAddr,
}

impl Spin {
    /// Starts `program` with the application of `manifest`, whose only component is `module`, and waits until it responds.
    ///
    /// # Errors
    ///
    /// If something is missing, the address is in use, or Spin ended or did not respond in time.
    pub async fn start(
        program: &Path,
        manifest: &Path,
        module: &Path,
        variables: BTreeMap<String, String>,
        address: SocketAddr,
    ) -> Result<Self, Error> {
        let start = Start {
            program: program.to_owned(),
            manifest: write_manifest(manifest, module)?,
            variables,
            address: free(address)?,
        };
        let address = start.address;
        let mut child = start.spawn()?;
        start.answers(&mut child).await?;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(start.keep_running(child, stopped));
        Ok(Self { address, stop, running })
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends Spin, and kills it if it does not end: Spin does not stop a guest in an endless loop.
    pub async fn stop(self) {
        drop(self.stop);
        let _ = self.running.await;
    }
}

impl Start {
    fn spawn(&self) -> Result<Child, Error> {
        let mut command = std::process::Command::new(&self.program);
        let variables = self.variables.iter();
        command
            .args(["up", "--listen", &self.address.to_string(), "--from"])
            .arg(&self.manifest)
            .envs(variables.map(|(name, value)| (format!("SPIN_VARIABLE_{}", name.to_uppercase()), value)))
            .stdin(Stdio::null())
            // Only the answer may be on stdout.
            .stdout(io::stderr());
        // A process group of its own, so that a Ctrl-C in the terminal reaches only this program.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        end_with_this_process(&mut command);
        let program = self.program.clone();
        let child = Command::from(command).kill_on_drop(true).spawn();
        child.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound { program },
            _ => Error::Start { program, error },
        })
    }

    /// Waits until the component responds.
    async fn answers(&self, child: &mut Child) -> Result<(), Error> {
        let program = self.program.clone();
        let url = format!("http://{}/healthz", reachable(self.address));
        let client = loopback::client().timeout(START_TIMEOUT).build()?;
        let end = Instant::now() + START_TIMEOUT;
        while Instant::now() < end {
            tokio::select! {
                status = child.wait() => {
                    return Err(match status {
                        Ok(status) => Error::Ended { program, status },
                        Err(error) => Error::Start { program, error },
                    });
                }
                answer = client.get(&url).send() => {
                    if answer.is_ok_and(|answer| answer.status().is_success()) {
                        return Ok(());
                    }
                }
            }
            sleep(POLL_INTERVAL).await;
        }
        stop(child).await;
        let seconds = START_TIMEOUT.as_secs();
        Err(Error::NotReady { program, seconds })
    }

    /// Restarts Spin whenever it ended by itself, until the stop signal.
    async fn keep_running(self, mut child: Child, mut stopped: oneshot::Receiver<()>) {
        let mut waits = Backoff::new(RESTART_DELAY, MAX_RESTART_DELAY);
        loop {
            tokio::select! {
                _ = &mut stopped => return stop(&mut child).await,
                status = child.wait() => {
                    let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                    command_line::note(format_args!("{} ended with {how}", self.program.display()));
                }
            }
            loop {
                let wait = waits.next();
                command_line::note(format_args!("starting it again in {} s", wait.as_secs()));
                tokio::select! {
                    _ = &mut stopped => return,
                    () = sleep(wait) => {}
                }
                match self.spawn() {
                    Ok(started) => {
                        child = started;
                        break;
                    }
                    Err(error) => command_line::note(error),
                }
            }
        }
    }
}

/// Returns the address if it is free, with a free port in place of 0: Spin does not report the port that it chose.
fn free(address: SocketAddr) -> Result<SocketAddr, Error> {
    let mut found = address;
    if address.port() == 0 {
        found.set_port(free_port().map_err(|_| Error::AddressInUse { address })?);
    }
    TcpListener::bind(found)
        .map(|_| found)
        .map_err(|_| Error::AddressInUse { address })
}

/// The address for a connection to a server on this machine: the loopback address for an unspecified one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Writes the manifest with the module's path into a directory of its own: Spin writes logs beside it.
fn write_manifest(manifest: &Path, module: &Path) -> Result<PathBuf, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::Manifest { path, error }
    };
    let text = std::fs::read_to_string(manifest).map_err(failed(manifest))?;
    let mut table: toml::Table = text
        .parse()
        .map_err(|error| failed(manifest)(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    if let Some(components) = table.get_mut("component").and_then(toml::Value::as_table_mut) {
        for component in components
            .iter_mut()
            .filter_map(|(_, component)| component.as_table_mut())
        {
            component.insert("source".to_owned(), module.to_string_lossy().into_owned().into());
        }
    }
    let directory = cache::directory("spin")?;
    std::fs::create_dir_all(&directory).map_err(failed(&directory))?;
    let path = directory.join("spin.toml");
    // Replaced atomically, since another tracker may be starting.
    let mut file = tempfile::NamedTempFile::new_in(&directory).map_err(failed(&directory))?;
    io::Write::write_all(&mut file, table.to_string().as_bytes()).map_err(failed(&path))?;
    file.persist(&path).map_err(|error| failed(&path)(error.error))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_is_named_and_any_port_is_a_free_one() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = free(taken.local_addr().unwrap()).unwrap_err().to_string();
        assert!(error.contains("in use") && error.contains("--port"), "{error}");
        assert_ne!(free("127.0.0.1:0".parse().unwrap()).unwrap().port(), 0);
    }

    #[test]
    fn an_unspecified_address_is_reached_by_loopback() {
        for (address, asked) in [
            ("0.0.0.0:3", "127.0.0.1:3"),
            ("[::]:3", "[::1]:3"),
            ("127.0.0.2:3", "127.0.0.2:3"),
        ] {
            assert_eq!(reachable(address.parse().unwrap()).to_string(), asked);
        }
    }
}
