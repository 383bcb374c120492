//! A Debian beside the machine's own, built once, that programs run in.
//!
//! The tracker's Rails is Debian 13's: one that gets security updates for years and is the same on a laptop, in the
//! tests and in the container image. Whatever the machine itself has is left alone. [`DebianRoot::get`] downloads
//! Debian's packages into a directory of some 200 MB, in a minute or less, and keeps it; [`DebianRoot::command`] runs a
//! program in it.

mod build;
mod inside;
mod mirror;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use crate::cache;
pub use inside::Inside;

/// Debian 13.
pub const SUITE: &str = "trixie";

/// What is in the root beside the base system.
pub const PACKAGES: [&str; 7] = [
    "puma",
    "rails",
    "ruby",
    "ruby-bundler",
    "ruby-json-schemer",
    "ruby-pg",
    "ruby-sqlite3",
];

/// Makes roots; `mmdebstrap` on Debian.
pub const BUILDER: &str = "mmdebstrap";

/// Runs programs in them; `bubblewrap` on Debian.
pub const RUNNER: &str = "bwrap";

/// A root that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebianRoot {
    directory: PathBuf,
}

impl DebianRoot {
    /// The root, if it is built and this user's own.
    pub fn find() -> Option<Self> {
        let directory = build::place().ok()?;
        build::is_there(&directory).ok()?.then_some(Self { directory })
    }

    /// The root, which is built first where it is not there. Of several processes that ask at once, one builds and the
    /// others wait for it. What is done and why goes to stderr.
    ///
    /// # Errors
    ///
    /// [`Error`], with what to do.
    pub fn get() -> Result<Self, Error> {
        if let Some(root) = Self::find() {
            return Ok(root);
        }
        build::build(&build::place()?).map(|directory| Self { directory })
    }

    /// Builds the root anew, with what Debian offers today, and puts it in the place of the one that is there. Programs
    /// that run in that one must not.
    ///
    /// # Errors
    ///
    /// [`Error`], with what to do; the old root is still there then.
    pub fn rebuild() -> Result<Self, Error> {
        build::rebuild(&build::place()?).map(|directory| Self { directory })
    }

    /// Where it lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A program to run in it: a name on the root's path, or a path that is bound in.
    pub fn command(&self, program: impl Into<std::ffi::OsString>) -> Inside {
        Inside::new(&self.directory, program.into())
    }
}

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
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

/// The program's path, so that it is found however the environment changes on the way to it.
fn on_path(program: &'static str, package: &'static str) -> Result<PathBuf, Error> {
    which::which(program).map_err(|_| Error::Missing { program, package })
}
