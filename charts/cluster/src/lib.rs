//! Kubernetes for the tests: its tools at pinned versions, a real API server, and a node.
//!
//! [`Tool`]s and [custom resources](custom_resources) come from Go's module proxy, are built once and cached. An
//! [`ApiServer`] is Kubernetes' own, with etcd and the controllers beside it, in a directory of its own on the loopback
//! address: what it accepts, every cluster of that version accepts. A [`Node`] runs what it accepts, with Kubernetes' own
//! kubelet on Debian's containerd, in [namespaces] of its own.
//!
//! ```sh
//! cargo run -p cluster -- helm lint --strict charts/stats-tracker     a tool, built first where it is not there
//! cargo run -p cluster -- --serve                                     an API server, until Ctrl-C
//! cargo run -p cluster -- --build                                     everything that the tests need
//! ```

mod api_server;
mod certificates;
pub mod custom_resources;
mod go;
mod keeping;
mod names;
pub mod namespaces;
mod node;
mod program;
mod tool;

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

pub use api_server::ApiServer;
pub use node::{NAME as NODE, Node};
use system::{cache, command_line};
pub use tool::Tool;

/// A node's address, under which its pods also reach what the test has started beside it.
pub const NODE_ADDRESS: &str = "10.250.0.1";

/// Why there is no tool, or no API server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no Go.
    #[error(
        "{what} can't be built: `go` is not on the PATH; install Go {} or newer, on Debian 12 with \
         `apt-get install -t bookworm-backports golang-go`",
        go::OLDEST
    )]
    NoGo {
        /// What was to be built.
        what: String,
    },
    /// There is a Go that neither is new enough nor can fetch one that is.
    #[error(
        "{what} can't be built: the `go` on the PATH is {version}, too old to fetch what it needs; install Go {} or \
         newer, on Debian 12 with `apt-get install -t bookworm-backports golang-go`",
        go::OLDEST
    )]
    OldGo {
        /// What was to be built.
        what: String,
        /// What the Go that is there says of itself.
        version: String,
    },
    /// Go failed. What it printed stands on stderr.
    #[error(
        "{what} can't be built: `{command}` ended with {status}; what go said stands above. It needs Go's module proxy \
         (GOPROXY) once, and a GOTOOLCHAIN that lets it fetch the Go that a module asks for: `auto`, or unset"
    )]
    Go {
        /// What was to be built.
        what: String,
        /// The command line.
        command: String,
        /// How go ended.
        status: ExitStatus,
    },
    /// Go's answer is not what this program knows.
    #[error("`{command}` answered what this program does not know: {source}")]
    GoAnswer {
        /// The command line.
        command: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A program that does not come from Go's modules is missing.
    #[error("{program} is not installed; on Debian: apt-get install {package}")]
    Missing {
        /// The program.
        program: &'static str,
        /// The Debian package that brings it.
        package: &'static str,
    },
    /// A program of the cluster ended, or did not get ready in time.
    #[error("{program} {how}; its log is {}, and ends:\n{end}", log.display())]
    Program {
        /// The program.
        program: &'static str,
        /// What became of it.
        how: String,
        /// Where its log is.
        log: PathBuf,
        /// The log's last lines.
        end: String,
    },
    /// A command that was asked of the cluster failed.
    #[error("`{command}` ended with {status}:\n{errors}")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said on stderr.
        errors: String,
    },
    /// A node would change the machine that it is tried on.
    #[error("a node runs in namespaces of its own; start it from a process that cluster::namespaces::run has started")]
    NoNamespaces,
    /// A certificate can't be made.
    #[error("making a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A file or a program failed.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// What went wrong.
        error: io::Error,
    },
}

impl From<cache::Error> for Error {
    fn from(cache::Error { what, error }: cache::Error) -> Self {
        Self::Io { what, error }
    }
}

impl Error {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

/// Where a program is, if it is on the PATH, or in the directories that Debian keeps for root alone.
fn on_path(program: &'static str, package: &'static str) -> Result<PathBuf, Error> {
    let for_root = Some("/usr/sbin:/sbin");
    which::which(program)
        .or_else(|_| which::which_in(program, for_root, "/"))
        .map_err(|_| Error::Missing { program, package })
}

/// What a command prints to stdout. It has to succeed.
fn checked(command: &mut Command) -> Result<String, Error> {
    let program = command.get_program().display().to_string();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(format!("starting {program}")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Command {
            command: command_line::typed(command),
            status: output.status,
            errors: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        })
    }
}

/// Creates a directory and those it lies in.
fn create_directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(Error::io(format!("creating {}", path.display())))
}

/// Writes a file.
fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), Error> {
    std::fs::write(path, contents).map_err(Error::io(format!("writing {}", path.display())))
}
