//! Programs that cargo builds for another program.

use std::env;
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

/// The begins of the variables that cargo sets for a program of a package, with that package's name and directory. Build
/// scripts such as ring's run again when one changes, so that two programs would build everything again by turns.
const OF_A_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Runs a `cargo build` of one program, with cargo's messages on stderr, and returns the program's path.
///
/// # Errors
///
/// If cargo is missing or fails, or builds no program.
pub fn built_program(cargo: &mut Command) -> Result<PathBuf, Error> {
    remove_variables_of_this_package(cargo);
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

fn remove_variables_of_this_package(cargo: &mut Command) {
    let names = env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| {
        OF_A_PACKAGE
            .iter()
            .any(|begin| name.to_string_lossy().starts_with(begin))
    }) {
        cargo.env_remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_does_not_depend_on_the_package_that_started_it() {
        assert!(env::var_os("CARGO_PKG_NAME").is_some(), "cargo runs this test");
        let mut command = Command::new("cargo");
        command.env("KEPT", "1");
        remove_variables_of_this_package(&mut command);
        let removed: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| value.is_none().then_some(name))
            .collect();
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME"] {
            assert!(removed.iter().any(|removed| *removed == name), "{name}: {removed:?}");
        }
        assert!(!removed.iter().any(|removed| *removed == "KEPT" || *removed == "PATH"));
    }
}
