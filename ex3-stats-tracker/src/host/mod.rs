//! Runs a Spin application's component as `spin up` would.

use crate::manifest::Manifest;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What a host enforces; see the fields.
#[derive(Clone, Debug, Default)]
pub struct Limits {}

/// What may be set apart from the manifest.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Limits for what `spin.toml` leaves unsaid.
    pub limits: Limits,
    /// Modules or components that run in place of the manifest's `source`, by component id.
    pub sources: BTreeMap<String, PathBuf>,
}

/// A running application. Dropping it stops it at once.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
}

impl Host {
    /// Compiles (or loads) the components, binds `address` (port 0: any free one) and serves.
    pub async fn start(
        manifest: &Manifest,
        variables: BTreeMap<String, String>,
        address: SocketAddr,
        options: Options,
    ) -> Result<Host, Error> {
        let _ = (manifest, variables, options);
        Ok(Host { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more connections, lets running requests finish (bounded by their deadline), then returns.
    pub async fn stop(self) {}
}

/// Why the host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {}
