//! The hosts of the component: the embedded host, a host that behaves like Spin, and Spin itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use spin_host::manifest::Manifest;
use spin_host::{Host, Limits, Options};
use system::ports::free_port;
use wasm::compiled_code::Store;
use wasm::guests;

use super::addresses::LOOPBACK;
use super::spin_double::{Behaviour, SpinDouble};

/// A host of the component.
#[derive(Clone, Debug)]
pub(crate) enum Runner {
    /// The crate `spin-host`.
    EmbeddedHost,
    /// See `spin_double`.
    SpinDouble,
    /// `spin up`, with the path of the program.
    Spin(PathBuf),
}

/// A running component.
pub(crate) enum Running {
    Host(Host),
    SpinDouble(SpinDouble),
    Spin(Spin),
}

impl Running {
    pub(crate) async fn start(runner: &Runner, variables: BTreeMap<String, String>) -> Running {
        match runner {
            Runner::EmbeddedHost => Running::host(variables, Limits::default()).await,
            Runner::SpinDouble => Running::SpinDouble(SpinDouble::start(variables, Behaviour::default()).await),
            Runner::Spin(program) => Running::Spin(Spin::up(program, &variables).await),
        }
    }

    pub(crate) async fn host(variables: BTreeMap<String, String>, limits: Limits) -> Running {
        let manifest = Manifest::read(&spin_toml()).expect("a manifest");
        let module = guests::SPIN_COMPONENT.build().unwrap_or_else(|error| panic!("{error}"));
        let options = Options {
            sources: BTreeMap::from([("stats-tracker".to_owned(), module)]),
            store: Store::at(Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract-compiled-code")),
            limits,
            ..Options::default()
        };
        let host = Host::start(&manifest, variables, LOOPBACK, options).await;
        Running::Host(host.unwrap_or_else(|error| panic!("{error}")))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Running::Host(host) => host.address(),
            Running::SpinDouble(double) => double.address(),
            Running::Spin(spin) => spin.address,
        }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address())
    }

    pub(crate) async fn stop(self) {
        if let Running::Host(host) = self {
            host.stop().await;
        }
    }
}

/// A process of `spin up`, which is killed on drop.
pub(crate) struct Spin {
    child: Child,
    address: SocketAddr,
}

impl Spin {
    pub(crate) async fn up(program: &Path, variables: &BTreeMap<String, String>) -> Spin {
        guests::SPIN_COMPONENT
            .copy_to_target()
            .unwrap_or_else(|error| panic!("{error}"));
        // Spin does not print the port that it chose, so the test chooses a free one.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().expect("a free port")));
        let mut command = Command::new(program);
        command
            .args(["up", "--listen", &address.to_string(), "--from"])
            .arg(spin_toml());
        for (name, value) in variables {
            command.args(["--variable", &format!("{name}={value}")]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // Spin runs its trigger in another process; the group includes it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut spin = Spin { child, address };
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return spin;
            }
            if let Some(status) = spin.child.try_wait().expect("the child's state") {
                panic!("{} ended with {status}", program.display());
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{} listens nowhere after a minute", program.display());
    }
}

impl Drop for Spin {
    fn drop(&mut self) {
        // The group, because the trigger would survive `spin up`.
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }
}

pub(crate) fn variables(github: &str, page_timeout: &str) -> BTreeMap<String, String> {
    let variables = [
        ("github_url", github),
        ("contact", "contract@example.org"),
        ("page_timeout", page_timeout),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

pub(crate) fn spin_toml() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spin/spin.toml")
}
