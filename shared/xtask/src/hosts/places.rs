//! Where the programs are, and what they need.

use std::env;
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
        let target = cargo.target_directory()?;
        // Not xtask's own cache: in continuous integration xtask is built in another directory than what it builds.
        let cache = match env::var_os(cache::ENVIRONMENT_VARIABLE) {
            Some(directory) if !directory.is_empty() => directory.into(),
            _ => target.join("cache"),
        };
        Ok(Self {
            workspace: cargo.workspace().to_path_buf(),
            built: target.join("debug"),
            cache: cache.join("hosts"),
        })
    }

    /// A file of the programs' directory.
    pub(super) fn source(&self, file: &str) -> PathBuf {
        self.workspace.join(DIRECTORY).join(file)
    }
}
