//! The programs that roots need, and the errors of making and using one.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::cache;

/// The program that builds roots, of Debian's package `mmdebstrap`.
pub const BUILDER: &str = "mmdebstrap";

/// The program that runs programs in a root, of Debian's package `bubblewrap`.
pub const RUNNER: &str = "bwrap";

/// The root can't be built, or a program can't be run in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of [`BUILDER`] and [`RUNNER`] is missing.
    #[error("{program} is not installed; on Debian: apt-get install {package}")]
    Missing {
        /// The program.
        program: &'static str,
        /// The Debian package of the program.
        package: &'static str,
    },
    /// The builder failed. Its messages are on stderr.
    #[error(
        "{BUILDER} ended with {0}; it needs Debian's mirror, the package debian-archive-keyring and, if you are not \
         root, the package uidmap and a range of ids in /etc/subuid"
    )]
    Builder(ExitStatus),
    /// The builder's archive can't be unpacked.
    #[error("tar ended with {0} while it unpacked the archive of {BUILDER}; is the disk full?")]
    Unpacking(ExitStatus),
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

/// The absolute path of a program, because the command has another PATH.
pub(crate) fn on_path(program: &'static str, package: &'static str) -> Result<PathBuf, Error> {
    which::which(program).map_err(|_| Error::Missing { program, package })
}
