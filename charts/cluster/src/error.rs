//! The errors of tools, API servers and nodes.

use std::{io, path::PathBuf, process::ExitStatus};

use system::cache;

/// The oldest version of Go that fetches the newer toolchain that a module requires.
pub(crate) const OLDEST_GO: &str = "1.21";

/// A tool, an API server or a node can't be built or started, or a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Go is not installed.
    #[error(
        "{what} can't be built: `go` is not on the PATH; install Go {} or newer, on Debian 12 with \
         `apt-get install -t bookworm-backports golang-go`",
        OLDEST_GO
    )]
    NoGo {
        /// The product of the build.
        what: String,
    },
    /// The installed Go is too old, and can't fetch a newer one.
    #[error(
        "{what} can't be built: the `go` on the PATH is {version}, too old to fetch what it needs; install Go {} or \
         newer, on Debian 12 with `apt-get install -t bookworm-backports golang-go`",
        OLDEST_GO
    )]
    OldGo {
        /// The product of the build.
        what: String,
        /// The version of the installed Go.
        version: String,
    },
    /// Go failed. Its messages are on stderr.
    #[error(
        "{what} can't be built: `{command}` ended with {status}; go's messages are above. It needs Go's module proxy \
         (GOPROXY) once, and a GOTOOLCHAIN that lets it fetch the Go that a module asks for: `auto`, or unset"
    )]
    Go {
        /// The product of the build.
        what: String,
        /// The command line.
        command: String,
        /// The exit status of go.
        status: ExitStatus,
    },
    /// Go's answer has an unknown format.
    #[error("the answer of `{command}` has an unknown format: {source}")]
    GoAnswer {
        /// The command line.
        command: String,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
    /// A program that does not come from Go's modules is missing.
    #[error("{program} is not installed; on Debian: apt-get install {package}")]
    Missing {
        /// The program.
        program: &'static str,
        /// The Debian package of the program.
        package: &'static str,
    },
    /// A program of the cluster ended, or was not ready in time.
    #[error("{program} {how}; its log is {}, and ends:\n{end}", log.display())]
    Program {
        /// The program.
        program: &'static str,
        /// The failure, such as "ended with exit status: 1".
        how: String,
        /// The path of its log.
        log: PathBuf,
        /// The log's last lines.
        end: String,
    },
    /// A command failed.
    #[error("`{command}` ended with {status}:\n{errors}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status.
        status: ExitStatus,
        /// Its stderr.
        errors: String,
    },
    /// A node was started outside of its namespaces, where it would change the machine.
    #[error("a node runs in its own namespaces; start it from a process that cluster::namespaces::run has started")]
    NoNamespaces,
    /// A certificate can't be created.
    #[error("creating a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A file or a program failed.
    #[error("{what}: {error}")]
    Io {
        /// The operation that failed.
        what: String,
        /// The cause.
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
