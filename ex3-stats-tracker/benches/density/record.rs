//! The record of a run. The bench writes it, and `cargo xtask readme`, which has this file too, makes tables and a plot
//! of it.

use bench::matrix::machine::{Commit, Load, Machine};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The file, relative to the workspace.
pub(crate) const FILE: &str = "ex3-stats-tracker/benches/density.json";

/// The figures of a run, and its conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// When the run ended.
    pub(crate) recorded_at: Timestamp,
    pub(crate) machine: Machine,
    pub(crate) load_before: Option<Load>,
    /// The compiler, with its version.
    pub(crate) rustc: String,
    /// The commit that was built; `None` outside of a checkout.
    pub(crate) commit: Option<Commit>,
    /// The size of the page that each instance and each process was asked about.
    pub(crate) page_bytes: u64,
    pub(crate) figures: Figures,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// Instances in one host, by their rising number.
    pub(crate) instances: Vec<Held>,
    /// Processes, by their rising number.
    pub(crate) processes: Vec<Held>,
    pub(crate) first_answers: FirstAnswers,
}

/// The memory that so many hold together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    pub(crate) count: u64,
    /// In units of 1,024 bytes.
    pub(crate) kilobytes: u64,
}

impl Held {
    /// The kilobytes of one of them.
    pub(crate) fn each(&self) -> u64 {
        self.kilobytes / self.count.max(1)
    }
}

/// The times until first answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstAnswers {
    /// From the request to a running host to the answer of a new instance.
    pub(crate) instance: FirstAnswer,
    /// From the start of a native process to its answer.
    pub(crate) process: FirstAnswer,
    /// From the start of a host, whose code is compiled already, to the answer of its first instance.
    pub(crate) host: FirstAnswer,
}

/// Percentiles of the times until a first answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstAnswer {
    /// The number of answers.
    pub(crate) count: u64,
    pub(crate) p50_microseconds: u64,
    pub(crate) p99_microseconds: u64,
}
