//! Commands that print messages of their own.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use system::command_line::typed;

/// Runs a command, with its messages on stderr.
///
/// # Errors
///
/// If it can't be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{}` can't be started", typed(command)))?;
    ensure!(
        status.success(),
        "`{}` ended with {status}; its messages are above",
        typed(command)
    );
    Ok(())
}
