//! A Debian beside the machine's own, built once, that programs run in.
//!
//! The tracker's Rails is Debian 13's: one that gets security updates for years and is the same on a laptop, in the
//! tests and in the container image. Whatever the machine itself has is left alone. [`DebianRoot::get`] downloads
//! Debian's packages into a directory of some 200 MB, in a minute or less, and keeps it; [`DebianRoot::command`] runs a
//! program in it.

mod build;
mod contents;
mod error;
mod inside;
mod mirror;

use std::path::{Path, PathBuf};

pub use contents::{PACKAGES, SUITE};
pub use error::{BUILDER, Error, RUNNER};
pub use inside::Inside;

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
