//! The errors of building a guest.

use std::path::PathBuf;
use std::process::ExitStatus;

use system::cache;

/// A guest can't be built or read.
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
    /// The workspace that this program was built in does not exist any more, and no module is cached.
    #[error("the guest {package} can't be built: its source is not at {} any more", workspace.display())]
    NoSource {
        /// The guest's package.
        package: &'static str,
        /// The former path of the workspace.
        workspace: PathBuf,
    },
    /// Cargo could not be started.
    #[error("`{command}` can't be started: {source}; install Rust from https://rustup.rs")]
    NoCargo {
        /// The command line.
        command: String,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// Cargo failed. Its messages are on stderr.
    #[error("the guest {package} can't be built: `{command}` ended with {status}; cargo's messages are above")]
    Build {
        /// The guest's package.
        package: &'static str,
        /// The command line.
        command: String,
        /// The exit status of cargo.
        status: ExitStatus,
    },
    /// A built module can't be read or cached.
    #[error("the guest's file {} can't be used: {source}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The cache has no usable directory, or its lock can't be taken.
    #[error("the guest can't be cached: {0}")]
    Cache(#[from] cache::Error),
}
