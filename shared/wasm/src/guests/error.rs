//! The errors of building a guest.

use std::path::PathBuf;
use std::process::ExitStatus;

use system::cache;

/// Why there is no guest.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No compiler for wasm32-wasip1 is installed.
    #[error(
        "the guest {package} can't be built: no Rust standard library for wasm32-wasip1 was found; \
         run `cargo xtask setup`, or `rustup target add wasm32-wasip1`"
    )]
    NoToolchain {
        /// The guest's package.
        package: &'static str,
    },
    /// The workspace that this program was built in is gone, and no module is cached.
    #[error("the guest {package} can't be built: its source is not at {} any more", workspace.display())]
    NoSource {
        /// The guest's package.
        package: &'static str,
        /// Where the workspace was.
        workspace: PathBuf,
    },
    /// Cargo could not be started.
    #[error("`{command}` can't be started: {source}; install Rust from https://rustup.rs")]
    NoCargo {
        /// The command line.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Cargo failed. What it printed stands on stderr.
    #[error("the guest {package} can't be built: `{command}` ended with {status}; what cargo said stands above")]
    Build {
        /// The guest's package.
        package: &'static str,
        /// The command line.
        command: String,
        /// How cargo ended.
        status: ExitStatus,
    },
    /// A built module can't be read or cached.
    #[error("the guest's file {} can't be used: {source}", path.display())]
    Kept {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no place for guests that is this user's own, or whether another process is building can't be found out.
    #[error("the guest can't be cached: {0}")]
    Place(#[from] cache::Error),
}
