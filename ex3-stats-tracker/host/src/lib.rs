//! Runs a Spin application's components as `spin up` would, in this process.
//!
//! The steps of a request, and their files:
//!
//! | what | where |
//! | --- | --- |
//! | a connection is accepted, within limits | `server`, `connections` |
//! | the route is found, Spin's headers are written | `router` |
//! | the body is read, or refused | `request_body` |
//! | a fresh instance is created and responds, or is stopped | `guest`, `instances`, with its capabilities in `state` and the host's memory for it in `host_memory` |
//! | its requests to other servers are allowed or refused, and rate-limited | `allowed_hosts`, `outbound`, `waiting` |
//! | the host responds itself after a failure | `problem` |
//!
//! Before any of that, once: [`manifest`] reads `spin.toml`, with the routes, the variables and the hosts that a
//! component may reach; the source becomes compiled code (`compile`) for the engine (`engine`), and is linked
//! (`application`).

mod allowed_hosts;
mod application;
mod clock;
mod compile;
mod connections;
mod engine;
mod error;
mod error_codes;
mod guest;
mod host_memory;
mod instances;
mod limits;
pub mod manifest;
mod options;
mod outbound;
mod output;
mod problem;
mod request_body;
mod router;
mod server;
mod state;
mod variables;
mod waiting;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

pub use application::{Application, Kept};
pub use clock::Clock;
pub use error::Error;
pub use limits::Limits;
pub use options::Options;

use crate::manifest::Manifest;

/// A running application. It stops at once when this is dropped.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Host {
    /// Compiles (or loads) the components, listens on `address` (port 0: any free one) and serves.
    ///
    /// `variables` are values for the manifest's `[variables]`.
    pub async fn start(
        manifest: &Manifest,
        variables: BTreeMap<String, String>,
        address: SocketAddr,
        options: Options,
    ) -> Result<Self, Error> {
        // The address is bound first: an address in use is found at once, and compiling takes long.
        let listener = listen(address).await?;
        let address = listener
            .local_addr()
            .map_err(|source| Error::Address { address, source })?;
        let manifest = manifest.clone();
        let application = spawn_blocking(move || Application::load(&manifest, &variables, &options))
            .await
            .map_err(|error| Error::Engine {
                problem: format!("loading the application ended early: {error}"),
            })??;
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server::serve(Arc::new(application), listener, stopped));
        Ok(Self {
            address,
            stop: Some(stop),
            server,
        })
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops gracefully: accepts no more connections, waits for running requests (up to their deadlines), and returns.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Sending fails if the server has ended by itself.
            let _ = stop.send(());
        }
        let _ = (&mut self.server).await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::AddressInUse { address },
        _ => Error::Address { address, source },
    })
}
