//! The options of a host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use wasm::compiled_code::Store;

use super::clock::Clock;
use super::limits::Limits;

/// Options that are not in the manifest.
#[derive(Clone, Debug)]
pub struct Options {
    /// The limits that apply if `spin.toml` does not state them.
    pub limits: Limits,
    /// Modules or components that run in place of the manifest's `source`, by component id.
    pub sources: BTreeMap<String, PathBuf>,
    /// The cache of compiled code.
    pub store: Store,
    /// The wall clock of the components.
    pub clock: Clock,
    /// The pause between two requests of any instance to the same server: from the end of one to the start of the next.
    /// Requests to one server then are sequential. Zero: no pause, and concurrent requests.
    pub outbound_pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            sources: BTreeMap::new(),
            store: Store::default_location(),
            clock: Clock::default(),
            outbound_pause: Duration::ZERO,
        }
    }
}
