//! Programs that cargo builds for another program.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use serde::Deserialize;

/// Why cargo has built no program.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("cargo can't be started; install Rust from https://rustup.rs")]
    Start { source: io::Error },
    #[error("cargo ended with {status}; its messages are above")]
    Failed { status: ExitStatus },
    #[error("cargo's messages have no built program")]
    NoProgram,
}

/// A message of cargo, with the only field that is used.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Runs a `cargo build` of one program, with cargo's messages on stderr, and returns the program's path.
///
/// # Errors
///
/// If cargo is missing or fails, or builds no program.
pub fn built_program(cargo: &mut Command) -> Result<PathBuf, Error> {
    let output = cargo
        // For the path of the built program.
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::Start { source })?;
    if !output.status.success() {
        return Err(Error::Failed { status: output.status });
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok()?.executable)
        .next_back()
        .ok_or(Error::NoProgram)
}
