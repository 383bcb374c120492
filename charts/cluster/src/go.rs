//! Runs Go, after a check of its version.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use system::command_line;

use crate::error::{Error, OLDEST_GO};

/// A Go command in `directory`; `what` is its product, for messages.
///
/// The source of modules and other flags come from the environment (GOPROXY, GOFLAGS).
///
/// # Errors
///
/// If Go is missing or too old.
pub(crate) fn go(what: &str, directory: &Path) -> Result<Command, Error> {
    let version = Command::new("go")
        .args(["env", "GOVERSION"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output();
    let what = what.to_owned();
    match version {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoGo { what }),
        Err(error) => {
            return Err(Error::Io {
                what: "starting go".into(),
                error,
            });
        }
        Ok(output) => {
            let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if !is_new_enough(&version) {
                return Err(Error::OldGo { what, version });
            }
        }
    }
    let mut command = Command::new("go");
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        // For static programs, and without a C compiler.
        .env("CGO_ENABLED", "0")
        // A workspace in a parent directory must not be used.
        .env("GOWORK", "off");
    if env::var_os("GOTOOLCHAIN").is_none() {
        // Some distributions disable the fetching of toolchains.
        command.env("GOTOOLCHAIN", "auto");
    }
    Ok(command)
}

/// Prints and runs a Go command for `what`, and returns its stdout.
///
/// # Errors
///
/// If Go can't be started, or fails.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<Vec<u8>, Error> {
    let typed = command_line::typed(command);
    command_line::note(&typed);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::io("starting go"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        // `go mod download -json` prints errors to stdout.
        let _ = io::stderr().write_all(&output.stdout);
        Err(Error::Go {
            what: what.to_owned(),
            command: typed,
            status: output.status,
        })
    }
}

/// Whether `version` ("go1.26.8") is [`OLDEST_GO`] or newer. A development version counts as new.
fn is_new_enough(version: &str) -> bool {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    match version.strip_prefix("go").and_then(numbers) {
        Some(version) => Some(version) >= numbers(OLDEST_GO),
        None => version.starts_with("devel"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_that_fetches_toolchains_is_new_enough() {
        for version in [
            "go1.21",
            "go1.21.0",
            "go1.22rc1",
            "go1.26.8",
            "go2.0",
            "devel go1.28-abc",
        ] {
            assert!(is_new_enough(version), "{version}");
        }
        for version in ["go1.19.8", "go1.9", "", "gccgo"] {
            assert!(!is_new_enough(version), "{version}");
        }
    }
}
