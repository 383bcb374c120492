//! What runs the component: this workspace's host, a host that does as Spin does, or Spin itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use spin_host::manifest::Manifest;
use spin_host::{Host, Limits, Options};
use wasm::compiled_code::Store;
use wasm::guests;

use super::addresses::LOOPBACK;
use super::spin_double::{Behaviour, SpinDouble};

/// What runs the component.
#[derive(Clone, Debug)]
pub(crate) enum Runner {
    /// This workspace's own host.
    EmbeddedHost,
    /// A host that does as Spin does.
    SpinDouble,
    /// `spin up`, of this program.
    Spin(PathBuf),
}

/// The component, running.
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

/// A `spin up`, which ends with its value.
pub(crate) struct Spin {
    child: Child,
    address: SocketAddr,
}

impl Spin {
    pub(crate) async fn up(program: &Path, variables: &BTreeMap<String, String>) -> Spin {
        guests::SPIN_COMPONENT
            .copy_to_target()
            .unwrap_or_else(|error| panic!("{error}"));
        // Spin says nowhere which port it took, so it is given one that was free a moment ago.
        let port = std::net::TcpListener::bind(LOOPBACK).and_then(|listener| listener.local_addr());
        let address = port.expect("a free port");
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
            // Its trigger is a process of its own, and ends with the group.
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
        // All of its group: `spin up` killed alone leaves its trigger behind.
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
