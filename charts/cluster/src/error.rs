//! The errors of tools, API servers and nodes.

use std::{io, path::PathBuf, process::ExitStatus};

use system::cache;

/// The oldest Go that fetches a newer one by itself where a module asks for it.
pub(crate) const OLDEST_GO: &str = "1.21";

/// Why there is no tool, or no API server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no Go.
    #[error(
        "{what} can't be built: `go` is not on the PATH; install Go {} or newer, on Debian 12 with \
         `apt-get install -t bookworm-backports golang-go`",
        OLDEST_GO
    )]
    NoGo {
        /// What was to be built.
        what: String,
    },
    /// There is a Go that neither is new enough nor can fetch one that is.
    #[error(
        "{what} can't be built: the `go` on the PATH is {version}, too old to fetch what it needs; install Go {} or \
         newer, on Debian 12 with `apt-get install -t bookworm-backports golang-go`",
        OLDEST_GO
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
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}
