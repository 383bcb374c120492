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

use contents::RAILS;
pub use contents::{Contents, PACKAGES, POSTGRESQL_17, SUITE};
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
        Self::find_with(RAILS)
    }

    fn find_with(contents: Contents) -> Option<Self> {
        let directory = build::location(contents).ok()?;
        build::exists(&directory).ok()?.then_some(Self { directory })
    }

    /// The root, which is built first if it does not exist. Of several processes at once, one builds and the others
    /// wait. Progress goes to stderr.
    ///
    /// # Errors
    ///
    /// [`Error`]; its message has the next step.
    pub fn get() -> Result<Self, Error> {
        Self::with(RAILS)
    }

    /// The root with other contents, as [`DebianRoot::get`].
    ///
    /// # Errors
    ///
    /// [`Error`]; its message has the next step.
    pub fn with(contents: Contents) -> Result<Self, Error> {
        if let Some(root) = Self::find_with(contents) {
            return Ok(root);
        }
        build::build(contents, &build::location(contents)?).map(|directory| Self { directory })
    }

    /// Builds a new root with Debian's current packages and replaces the old one, in which no program may run. Roots of
    /// unpacked packages are removed, so that they are built again when they are needed.
    ///
    /// # Errors
    ///
    /// [`Error`]; its message has the next step. The old root is unchanged.
    pub fn rebuild() -> Result<Self, Error> {
        build::rebuild(RAILS, &build::location(RAILS)?).map(|directory| Self { directory })
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
