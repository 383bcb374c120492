//! Commands that print messages of their own.

use std::{
    io,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use system::command_line::typed;

/// Runs a command. Its output goes to stderr, since stdout has this program's answer.
///
/// # Errors
///
/// If it can't be started, or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .with_context(|| format!("`{}` can't be started", typed(command)))?;
    ensure!(
        status.success(),
        "`{}` ended with {status}; its messages are above",
        typed(command)
    );
    Ok(())
}
