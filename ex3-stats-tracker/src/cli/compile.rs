//! `compile`: an application's code, for a host that has no compiler.

use compiled_code::Store;

use super::{CompileOptions, run::Error};
use crate::{
    host::{self, Application},
    manifest::Manifest,
};

/// Compiles each of the application's components, and keeps what came of it in the directory.
pub(super) fn compile(options: CompileOptions) -> Result<u8, Error> {
    let manifest = Manifest::read(&options.application)?;
    let options = host::Options {
        store: Store::at(options.output),
        ..host::Options::default()
    };
    Application::compile_ahead(&manifest, &options)?;
    Ok(0)
}
