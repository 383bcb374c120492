//! An application on disk with the guest, and its clients.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use spin_host::manifest::Manifest;
use spin_host::{Error, Host, Limits, Options};
use tempfile::TempDir;
use wasm::compiled_code::Store;

use super::guest;

/// The allowed host in the guest's manifest.
pub(crate) const NOWHERE: &str = "https://nowhere.invalid";

pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub(crate) static GUEST: LazyLock<Vec<u8>> = LazyLock::new(guest::module);

/// Paths for which the guest uses a resource of the host without end, and the reason why it is stopped.
pub(crate) const TAKING: [(&str, &str); 6] = [
    ("/a", "made the host hold more than 1048576 bytes"), // headers
    ("/q", "made the host hold more than 1048576 bytes"), // addresses of requests
    ("/o", "made the host hold more than 1048576 bytes"), // bodies of requests
    ("/u", "the component failed"),                       // pollables
    ("/z", "the component failed"),                       // zeros, on stderr
    ("/y", "the component failed"),                       // random bytes
];

/// An application on disk.
pub(crate) struct Application {
    directory: TempDir,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) limits: Limits,
    pub(crate) outbound_pause: Duration,
}

impl Application {
    /// `allowed` is the value of `allowed_outbound_hosts`.
    pub(crate) fn new(allowed: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("guest.wasm"), &*GUEST).unwrap();
        let application = Self {
            directory,
            variables: BTreeMap::new(),
            limits: Limits::default(),
            outbound_pause: Duration::ZERO,
        };
        application.write_manifest(&manifest(allowed));
        application
    }

    pub(crate) fn write_manifest(&self, text: &str) {
        fs::write(self.path("spin.toml"), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            limits: self.limits,
            sources: BTreeMap::new(),
            // One store for all tests, so that the guest is compiled once.
            store: Store::at(Path::new(env!("CARGO_TARGET_TMPDIR")).join("host-compiled-code")),
            outbound_pause: self.outbound_pause,
            ..Options::default()
        }
    }

    pub(crate) async fn start(&self) -> Result<Host, Error> {
        let manifest = Manifest::read(&self.path("spin.toml"))?;
        Host::start(&manifest, self.variables.clone(), LOOPBACK, self.options()).await
    }
}

pub(crate) fn manifest(allowed: &str) -> String {
    guest::MANIFEST.replace(NOWHERE, allowed)
}

/// An application that may reach no existing host.
pub(crate) fn alone() -> Application {
    Application::new(NOWHERE)
}

pub(crate) async fn get(host: &Host, path: &str) -> (u16, String) {
    let response = reqwest::get(format!("{}{path}", host.base_url())).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

pub(crate) fn problem(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// Sends bytes unchanged, and reads until the host closes the connection.
pub(crate) fn raw(host: &Host, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(host.address()).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
