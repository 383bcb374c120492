//! Builds guests for wasm32-wasip1, keeps them, and rebuilds them when their source changes.

use std::path::PathBuf;

/// A workspace crate that is compiled to WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guest {
    /// The cargo package.
    pub package: &'static str,
    /// What of the package is built.
    pub target: Target,
    /// The cargo features, without the package's default ones.
    pub features: &'static [&'static str],
}

/// Which of a package's targets is the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A `main.rs`: a WASI command with `_start`.
    Program,
    /// A `cdylib`: a WASI reactor, or the core module of a Spin component.
    Library,
}

impl Guest {
    /// Makes sure that the guest is built from its present source, and says where the module lies.
    pub fn build(&self) -> Result<PathBuf, Error> {
        Err(Error)
    }
}

/// Why a guest could not be built.
#[derive(Debug)]
pub struct Error;
