//! The programs that roots need, and the errors of making and using one.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::cache;

/// Makes roots; `mmdebstrap` on Debian.
pub const BUILDER: &str = "mmdebstrap";

/// Runs programs in them; `bubblewrap` on Debian.
pub const RUNNER: &str = "bwrap";

/// Why there is no root, or nothing runs in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of [`BUILDER`] and [`RUNNER`] is missing.
    #[error("{program} is not installed; on Debian: apt-get install {package}")]
    Missing {
        /// The program.
        program: &'static str,
        /// The Debian package that brings it.
        package: &'static str,
    },
    /// The builder said no; why is on stderr.
    #[error(
        "{BUILDER} ended with {0}; it needs Debian's mirror, the package debian-archive-keyring and, for others than \
         root, the packages uidmap and a range of ids in /etc/subuid"
    )]
    Builder(ExitStatus),
    /// What the builder wrote could not be unpacked.
    #[error("tar ended with {0} while it unpacked what {BUILDER} made; is the disk full?")]
    Unpacking(ExitStatus),
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

/// The program's path, so that it is found however the environment changes on the way to it.
pub(crate) fn on_path(program: &'static str, package: &'static str) -> Result<PathBuf, Error> {
    which::which(program).map_err(|_| Error::Missing { program, package })
}
