//! What the two processes say to each other: a line of JSON, answered by a line of JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Set in the process that is to serve.
pub(crate) const ENVIRONMENT_VARIABLE: &str = "STATS_TRACKER_RUBY_VM";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Run a task once and say what came out.
    Answer { task: String },
    /// Run a task so often and say how long that took.
    Measure { task: String, iterations: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Ruby has started.
    Ready,
    Answer(String),
    Took(Duration),
    /// Ruby can't load something.
    Missing(String),
    /// A Ruby exception, with its backtrace.
    Raised(String),
}
