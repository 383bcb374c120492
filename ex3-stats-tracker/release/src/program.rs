//! Runs the programs that a release needs.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};
use system::command_line::{self, typed};

/// Runs a command silently, and returns its output.
///
/// # Errors
///
/// If it can't be started.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` can't be started", typed(command)))
}

/// What a command said about its failure.
pub(crate) fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// Prints a command and [runs](images::command::run) it.
///
/// # Errors
///
/// If it can't be started, or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    command_line::note(typed(command));
    images::command::run(command)
}
