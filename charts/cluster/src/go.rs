//! Go: whether there is one that will do, and running it.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use system::command_line;

use crate::error::{Error, OLDEST_GO};

/// A command of Go's that works in `directory`, to make `what`.
///
/// Where modules come from and which other flags Go is given is the environment's business (GOPROXY, GOFLAGS).
///
/// # Errors
///
/// There is no Go that will do.
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
        // The programs then run wherever they are copied to, and building them needs no C compiler.
        .env("CGO_ENABLED", "0")
        // A workspace that happens to be above the directory is none of theirs.
        .env("GOWORK", "off");
    if env::var_os("GOTOOLCHAIN").is_none() {
        // Some distributions switch off that Go fetches the version a module asks for.
        command.env("GOTOOLCHAIN", "auto");
    }
    Ok(command)
}

/// Runs a command of Go's that makes `what`, after printing it.
///
/// # Errors
///
/// Go can't be started, or fails.
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
        // `go mod download -json` says there what went wrong.
        let _ = io::stderr().write_all(&output.stdout);
        Err(Error::Go {
            what: what.to_owned(),
            command: typed,
            status: output.status,
        })
    }
}

/// Whether `version` ("go1.26.8") is [`OLDEST_GO`] or newer. One that is under development is taken for new.
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
    fn a_go_that_fetches_newer_ones_is_new_enough() {
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
