//! The embedded host, with a guest that misbehaves on purpose (`../guest/guest.wat`).
//!
//!     cargo test -p ex3-stats-tracker --test host

mod clients;
mod code;
#[path = "../guest/mod.rs"]
mod guest;
mod guests;
mod hostile;
mod network;
mod outbound;
mod process;
mod servers;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use ex3_stats_tracker::host::{Error, Host, Limits, Options};
use ex3_stats_tracker::manifest::Manifest;
use serde_json::Value;
use tempfile::TempDir;
use wasm::compiled_code::Store;

/// The host that the guest's manifest allows.
const NOWHERE: &str = "https://nowhere.invalid";

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

static GUEST: LazyLock<Vec<u8>> = LazyLock::new(guest::module);

/// An application on disk.
struct Application {
    directory: TempDir,
    variables: BTreeMap<String, String>,
    limits: Limits,
    outbound_pause: Duration,
}

impl Application {
    /// `allowed` is what `allowed_outbound_hosts` names.
    fn new(allowed: &str) -> Self {
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

    fn write_manifest(&self, text: &str) {
        fs::write(self.path("spin.toml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn options(&self) -> Options {
        Options {
            limits: self.limits,
            sources: BTreeMap::new(),
            // One store for all tests: the guest is compiled once.
            store: Store::at(Path::new(env!("CARGO_TARGET_TMPDIR")).join("host-compiled-code")),
            outbound_pause: self.outbound_pause,
            ..Options::default()
        }
    }

    async fn start(&self) -> Result<Host, Error> {
        let manifest = Manifest::read(&self.path("spin.toml"))?;
        Host::start(&manifest, self.variables.clone(), LOOPBACK, self.options()).await
    }
}

fn manifest(allowed: &str) -> String {
    guest::MANIFEST.replace(NOWHERE, allowed)
}

/// An application that may reach nothing that is there.
fn alone() -> Application {
    Application::new(NOWHERE)
}

async fn get(host: &Host, path: &str) -> (u16, String) {
    let response = reqwest::get(format!("{}{path}", host.base_url())).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn problem(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// Sends bytes as they are, and reads until the host closes.
fn raw(host: &Host, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(host.address()).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
