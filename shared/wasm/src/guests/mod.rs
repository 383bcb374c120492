//! Builds guests for wasm32-wasip1, caches them, and rebuilds them when their source changes.
//!
//! A guest is an ordinary crate of this workspace. The first host that needs it builds it with cargo, printing the
//! command, and caches the module with a list of its inputs. While no input changes, the next host uses the cached
//! module without cargo, in about a millisecond.

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
pub use toolchain::{RUSTFLAGS, Toolchain, debian_cargo, rustflags};

/// Hello World as a WASI command.
pub const HELLO: Guest = Guest {
    package: "hello-guest",
    target: Target::Program,
    features: &[],
};
/// Hello World as a module with the imports and the export of `hello.wat`.
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

/// All guests of this workspace.
pub const ALL: [Guest; 6] = [
    HELLO,
    HELLO_MODULE,
    PARSER_STREAM,
    PARSER_DOM,
    PARSER_COMMAND,
    SPIN_COMPONENT,
];

impl Guest {
    /// Builds the guest if its source has changed, and returns the path of its module.
    ///
    /// The cargo command and its output go to stderr. Of several processes at once, one builds and the others wait.
    pub fn build(&self) -> Result<PathBuf, Error> {
        let directory = cache::directory("guests")?;
        build::build(self, workspace(), &directory, &directory.join("build"))
    }

    /// The bytes of the module, built if its source has changed.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        let path = self.build()?;
        std::fs::read(&path).map_err(|source| Error::File { path, source })
    }

    /// Builds the guest, a library, and copies its module to cargo's own path for the profile `guest`, where Spin
    /// expects it: `target/wasm32-wasip1/guest/stats_tracker_spin.wasm`. So Spin also finds it where plain cargo can't
    /// build it, for example with Debian's compiler.
    pub fn copy_to_target(&self) -> Result<PathBuf, Error> {
        let module = self.read()?;
        let directory = workspace().join("target/wasm32-wasip1/guest");
        let path = directory.join(self.package.replace('-', "_")).with_extension("wasm");
        // Written to a temporary file and renamed: a reader has the old module or the new one, but never a part.
        let written = std::fs::create_dir_all(&directory)
            .and_then(|()| tempfile::NamedTempFile::new_in(&directory))
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, &module)?;
                Ok(file.persist(&path)?)
            });
        match written {
            Ok(_) => Ok(path),
            Err(source) => Err(Error::File { path, source }),
        }
    }
}
