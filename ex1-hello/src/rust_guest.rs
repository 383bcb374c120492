//! The same program written in Rust: the package `hello-guest`, run under WASI.
//!
//! WASI's many imports come from `wasmer-wasix`, which takes longer to build than all of this package's dependencies
//! but wasmer. So this program doesn't contain it: it builds `wasi-host` when a WASI guest is first asked for.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// Why the guest was not run. What it did when it ran is its exit status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guest can't be built.
    #[error(transparent)]
    Guest(#[from] guests::Error),
    /// Where this program lies is unknown, so where `wasi-host` lies is too.
    #[error("it is not known where this program lies, and so neither where wasi-host is: {0}")]
    NoDirectory(#[source] io::Error),
    /// A program can't be started.
    #[error("{program} can't be started: {cause}; {next_step}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        cause: io::Error,
        /// What to do about it.
        next_step: &'static str,
    },
    /// `wasi-host` can't be built. What cargo printed stands on stderr.
    #[error("wasi-host can't be built: `{command}` ended with {status}; what cargo said stands above")]
    Build {
        /// The command line.
        command: String,
        /// How cargo ended.
        status: ExitStatus,
    },
}

/// Builds the guest and its host where that is needed, and runs the guest.
pub fn run(time_limit: Duration) -> Result<ExitStatus, Error> {
    let guest = guests::HELLO.build()?;
    let host = build_host()?;
    start(
        Command::new(&host)
            .arg("--time-limit")
            .arg(time_limit.as_secs().to_string())
            .arg(guest),
        "run cargo build -p wasi-host and see what it says",
    )
}

/// Has cargo build `wasi-host` with this program's profile, beside this program. Takes a moment when it is fresh.
fn build_host() -> Result<PathBuf, Error> {
    let this = env::current_exe().map_err(Error::NoDirectory)?;
    // A test's own executable lies one directory deeper.
    let directory = this
        .parent()
        .filter(|directory| !directory.ends_with("deps"))
        .or(this.ancestors().nth(2));
    let directory = directory.unwrap_or(Path::new("."));
    let host = directory.join(format!("wasi-host{}", env::consts::EXE_SUFFIX));

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--package",
        "wasi-host",
        "--bin",
        "wasi-host",
        "--profile",
        profile(directory),
    ]);
    if let Some(target) = directory.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    cargo
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let command = command_line(&cargo);
    if host.exists() {
        // Only makes sure that it is up to date.
        cargo.arg("--quiet");
    } else {
        eprintln!("building the host for WASI guests, once; this takes some minutes: {command}");
    }
    // The answer alone belongs on stdout.
    let status = start(cargo.stdout(Stdio::null()), "install Rust from https://rustup.rs")?;
    if !status.success() {
        return Err(Error::Build { command, status });
    }
    Ok(host)
}

/// The cargo profile whose output goes to a directory.
fn profile(directory: &Path) -> &str {
    match directory.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(name) => name,
    }
}

fn start(command: &mut Command, next_step: &'static str) -> Result<ExitStatus, Error> {
    command.status().map_err(|cause| Error::Start {
        program: command.get_program().display().to_string(),
        cause,
        next_step,
    })
}

fn command_line(command: &Command) -> String {
    let words: Vec<OsString> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(Into::into)
        .collect();
    words.join(" ".as_ref()).display().to_string()
}
