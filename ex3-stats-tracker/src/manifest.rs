//! A Spin application's manifest.

use std::path::Path;

/// What `spin.toml` says.
#[derive(Clone, Debug)]
pub struct Manifest {}

impl Manifest {
    /// Reads and checks a `spin.toml` of manifest version 2.
    pub fn read(path: &Path) -> Result<Manifest, Error> {
        let _ = path;
        Ok(Manifest {})
    }
}

/// Why a manifest is not usable; each message names the file, the key and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {}
