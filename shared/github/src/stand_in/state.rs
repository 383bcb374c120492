//! What a stand-in is like, and what its requests share.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::pages;
use crate::stand_in::{clock::Clock, fault::Faults, log::Recorder, organisation::Organisation};

/// The options of a stand-in.
#[derive(Clone, Debug)]
pub struct Options {
    /// The organisation in addition to the built-in owners.
    pub organisation: String,
    /// The time at which the clock is stopped; `None` for the system's time.
    pub clock: Option<Timestamp>,
    /// The number of packages or versions on a page of a list.
    pub rows_a_page: usize,
    /// The minimum size of a package's page in bytes.
    pub page_bytes: usize,
}

impl Default for Options {
    /// `fluxcd` at the system's time, with GitHub's own sizes.
    fn default() -> Self {
        Self {
            organisation: "fluxcd".into(),
            clock: None,
            rows_a_page: pages::ROWS_A_PAGE,
            page_bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        }
    }
}

/// What the requests to a stand-in share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) organisations: Vec<Organisation>,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) options: Options,
    pub(crate) stopped: watch::Receiver<bool>,
}

impl Shared {
    pub(crate) fn organisation(&self, name: &str) -> Option<&Organisation> {
        self.organisations
            .iter()
            .find(|organisation| organisation.name.eq_ignore_ascii_case(name))
    }
}
