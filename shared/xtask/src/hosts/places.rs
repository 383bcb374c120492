//! Where the programs are, and what they need.

use std::path::PathBuf;

use anyhow::Result;
use system::cache;

use crate::run::Cargo;

/// The programs' directory, relative to the workspace.
pub(super) const DIRECTORY: &str = "ex2-parser/hosts";

/// Where programs and their libraries are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) workspace: PathBuf,
    /// Cargo's directory of built programs.
    pub(crate) built: PathBuf,
    /// The cache's directory for the other languages' libraries and programs.
    pub(crate) cache: PathBuf,
}

impl Places {
    /// Those of this workspace.
    pub(crate) fn of(cargo: &Cargo) -> Result<Self> {
        Ok(Self {
            workspace: cargo.workspace().to_path_buf(),
            built: cargo.target_directory()?.join("debug"),
            cache: cache::directory("hosts")?,
        })
    }

    /// A file of the programs' directory.
    pub(super) fn source(&self, file: &str) -> PathBuf {
        self.workspace.join(DIRECTORY).join(file)
    }
}
