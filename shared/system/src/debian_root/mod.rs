//! A Debian root directory, built once, for programs such as Rails.
//!
//! The tracker uses Rails of Debian 13, which has security updates for years, and is the same on a laptop, in tests and
//! in the container image. The machine's own programs are not changed. [`DebianRoot::get`] downloads Debian's packages
//! into a directory of some 200 MB, in a minute or less, and keeps it. [`DebianRoot::command`] runs a program in it.

mod build;
mod contents;
mod error;
mod inside;
mod mirror;

use std::path::{Path, PathBuf};

pub use contents::{PACKAGES, SUITE};
pub use error::{BUILDER, Error, RUNNER};
pub use inside::Inside;

/// A built root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebianRoot {
    directory: PathBuf,
}

impl DebianRoot {
    /// The root, if it is built and no other user can write to it.
    pub fn find() -> Option<Self> {
        let directory = build::location().ok()?;
        build::exists(&directory).ok()?.then_some(Self { directory })
    }

    /// The root, which is built first if it does not exist. Of several processes at once, one builds and the others
    /// wait. Progress goes to stderr.
    ///
    /// # Errors
    ///
    /// [`Error`]; its message has the next step.
    pub fn get() -> Result<Self, Error> {
        if let Some(root) = Self::find() {
            return Ok(root);
        }
        build::build(&build::location()?).map(|directory| Self { directory })
    }

    /// Builds a new root with Debian's current packages and replaces the old one, in which no program may run.
    ///
    /// # Errors
    ///
    /// [`Error`]; its message has the next step. The old root is unchanged.
    pub fn rebuild() -> Result<Self, Error> {
        build::rebuild(&build::location()?).map(|directory| Self { directory })
    }

    /// The root's path.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A program to run in the root: a name on the root's PATH, or a path that is mounted.
    pub fn command(&self, program: impl Into<std::ffi::OsString>) -> Inside {
        Inside::new(&self.directory, program.into())
    }
}
