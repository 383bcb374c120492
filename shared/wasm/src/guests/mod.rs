//! Builds guests for wasm32-wasip1, keeps them, and rebuilds them when their source changes.
//!
//! A guest is an ordinary crate of this workspace. The first host that needs it builds it with cargo, printing the
//! command, and keeps the module beside a list of everything it was built from. While none of that has changed, the
//! next host takes the cached module without asking cargo, in about a millisecond.

mod build;
mod error;
mod guest;
mod inputs;
mod toolchain;

use std::path::PathBuf;

pub use error::Error;
pub use guest::{Guest, Target};
pub use inputs::dependency_file_inputs;
use system::{cache, workspace};
pub use toolchain::{RUSTFLAGS, Toolchain, rustflags};

/// Hello World as a WASI command.
pub const HELLO: Guest = Guest {
    package: "hello-guest",
    target: Target::Program,
    features: &[],
};
/// Hello World as a module that has the imports and the export of `hello.wat`.
pub const HELLO_MODULE: Guest = Guest {
    package: "hello-guest",
    target: Target::Library,
    features: &[],
};
/// The parser's streaming engine, as a module whose exports a host calls.
pub const PARSER_STREAM: Guest = Guest {
    package: "parser-guest",
    target: Target::Library,
    features: &["stream"],
};
/// The parser's tree-building engine, as a module whose exports a host calls.
pub const PARSER_DOM: Guest = Guest {
    package: "parser-guest",
    target: Target::Library,
    features: &["dom"],
};
/// The parser as a WASI command: a page on standard input, JSON on standard output.
pub const PARSER_COMMAND: Guest = Guest {
    package: "parser-guest",
    target: Target::Program,
    features: &["stream"],
};
/// The Spin component's core module.
pub const SPIN_COMPONENT: Guest = Guest {
    package: "stats-tracker-spin",
    target: Target::Library,
    features: &[],
};

/// Every guest of this workspace.
pub const ALL: [Guest; 6] = [
    HELLO,
    HELLO_MODULE,
    PARSER_STREAM,
    PARSER_DOM,
    PARSER_COMMAND,
    SPIN_COMPONENT,
];

impl Guest {
    /// Makes sure that the guest is built from its present source, and says where its module lies.
    ///
    /// The cargo command and what it prints go to stderr. Of several processes that ask at once, one builds and the
    /// others wait for it.
    pub fn build(&self) -> Result<PathBuf, Error> {
        let directory = cache::directory("guests")?;
        build::build(self, workspace(), &directory, &directory.join("build"))
    }

    /// Reads the module, built from its present source.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        let path = self.build()?;
        std::fs::read(&path).map_err(|source| Error::Kept { path, source })
    }

    /// Builds the guest, and puts a copy of a library's module where cargo itself would put it with the target and the
    /// profile that `guest` names: `target/wasm32-wasip1/guest/stats_tracker_spin.wasm`. There Spin looks for it, on
    /// machines too where cargo could not build it.
    pub fn copy_to_target(&self) -> Result<PathBuf, Error> {
        let module = self.read()?;
        let directory = workspace().join("target/wasm32-wasip1/guest");
        let path = directory.join(self.package.replace('-', "_")).with_extension("wasm");
        // Written anew and renamed: whoever reads it meanwhile has the old one or the new one, whole.
        let written = std::fs::create_dir_all(&directory)
            .and_then(|()| tempfile::NamedTempFile::new_in(&directory))
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, &module)?;
                Ok(file.persist(&path)?)
            });
        match written {
            Ok(_) => Ok(path),
            Err(source) => Err(Error::Kept { path, source }),
        }
    }
}
