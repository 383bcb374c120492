//! Counts the instructions that a native program executes in one of its functions, by Valgrind's Callgrind.
//!
//! A processor's own counters are not there in most virtual machines. Callgrind is, on each of them: it runs the program
//! on a processor of its own, which executes the same instructions.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use system::{cargo, command_line, workspace};

/// The function whose instructions are counted, with those of all functions that it calls. The program must not inline it.
pub const FUNCTION: &str = "counted_work";

/// The next step where Valgrind is missing.
const INSTALL: &str = "apt-get install valgrind";

/// Why instructions can't be counted.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("{program} can't be started")]
    Start { program: String, source: io::Error },
    #[error("{command} ended with {status}: {stderr}")]
    Failed {
        command: String,
        status: std::process::ExitStatus,
        stderr: String,
    },
    #[error("{} can't be read", .path.display())]
    Counts { path: PathBuf, source: io::Error },
    #[error("Callgrind counted nothing: the program has no function {FUNCTION}, or did not call it")]
    NoFunction,
}

/// Builds a program of a package in release mode, without default features, and returns its path.
///
/// # Errors
/// If cargo fails.
pub fn build(package: &str, program: &str, features: &str) -> Result<PathBuf, cargo::Error> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        .args(["build", "--locked", "--release", "--quiet", "--no-default-features"])
        .args(["--package", package, "--bin", program, "--features", features]);
    cargo::built_program(&mut command)
}

/// Runs a program and returns what it printed, and the number of instructions that [`FUNCTION`] executed in it.
///
/// `None` where this machine can't count them: without Valgrind, or without AVX2, by which the recorded programs were
/// counted. A note on stderr has the reason.
///
/// # Errors
/// If the program fails, or does not call the function.
pub fn instructions(program: &Path, arguments: &[&Path]) -> Result<Option<(Vec<u8>, u64)>, Error> {
    if let Some(obstacle) = obstacle() {
        command_line::note(obstacle);
        return Ok(None);
    }
    let file = tempfile::NamedTempFile::new().map_err(|source| Error::Start {
        program: "valgrind".to_owned(),
        source,
    })?;
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--toggle-collect=*{FUNCTION}*"))
        .arg(format!("--callgrind-out-file={}", file.path().display()))
        .arg(program)
        .args(arguments);
    let printed = output(&mut valgrind)?;
    let counts = fs::read_to_string(file.path()).map_err(|source| Error::Counts {
        path: file.path().to_owned(),
        source,
    })?;
    match total(&counts) {
        None | Some(0) => Err(Error::NoFunction),
        Some(instructions) => Ok(Some((printed, instructions))),
    }
}

/// The sum in a file of Callgrind: `summary: 1234`. The format: <https://valgrind.org/docs/manual/cl-format.html>.
fn total(counts: &str) -> Option<u64> {
    let sum = |name| counts.lines().find_map(|line| line.strip_prefix(name));
    sum("summary: ").or_else(|| sum("totals: "))?.trim().parse().ok()
}

/// Why instructions can't be counted here, with the next step.
fn obstacle() -> Option<String> {
    #[cfg(target_arch = "x86_64")]
    let has_avx2 = std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let has_avx2 = false;
    if !has_avx2 {
        return Some("native instructions are not counted: this processor has no AVX2".to_owned());
    }
    let version = Command::new("valgrind")
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let is_there = version.is_ok_and(|status| status.success());
    (!is_there).then(|| format!("native instructions are not counted: there is no Valgrind; {INSTALL}"))
}

/// Runs a command and returns its stdout.
fn output(command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Error::Failed {
            command: command_line::typed(command),
            status: output.status,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_read_with_and_without_a_summary() {
        assert_eq!(total("events: Ir\nsummary: 1234\n\ntotals: 1234\n"), Some(1234));
        assert_eq!(total("events: Ir\ntotals: 12\n"), Some(12));
        assert_eq!(total("events: Ir\n"), None);
        assert_eq!(total("summary: many\n"), None);
    }

    #[test]
    fn a_program_without_the_function_is_an_error() {
        if obstacle().is_some() {
            eprintln!("skipped: {}", obstacle().unwrap_or_default());
            return;
        }
        let error = instructions(Path::new("/bin/true"), &[]).unwrap_err();
        assert!(matches!(error, Error::NoFunction), "{error}");
        let error = instructions(Path::new("/bin/false"), &[]).unwrap_err();
        assert!(
            error.to_string().contains("/bin/false ended with exit status: 1"),
            "{error}"
        );
    }
}
