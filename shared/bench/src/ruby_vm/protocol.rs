//! The protocol of the two processes: each request and each reply is a line of JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The environment variable that is set in the process with Ruby.
pub(crate) const ENVIRONMENT_VARIABLE: &str = "STATS_TRACKER_RUBY_VM";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Run a task once and reply its answer.
    Answer { task: String },
    /// Run a task so many times and reply the time that it took.
    Measure { task: String, iterations: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Ruby has started.
    Ready,
    Answer(String),
    Took(Duration),
    /// Ruby's `LoadError`: a library is not installed.
    Missing(String),
    /// A Ruby exception, with its backtrace.
    Raised(String),
}
