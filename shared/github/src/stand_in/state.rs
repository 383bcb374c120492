//! What a stand-in is like, and what its requests share.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::pages;
use crate::stand_in::{clock::Clock, fault::Faults, log::Recorder, organisation::Organisation};

/// What a stand-in is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The organisation that is there besides the ones that always are.
    pub organisation: String,
    /// The time at which its clock stands; `None` for the system's running time.
    pub clock: Option<Timestamp>,
    /// How many packages or versions a page of a list shows.
    pub rows_a_page: usize,
    /// To how many bytes a package's page is padded.
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
