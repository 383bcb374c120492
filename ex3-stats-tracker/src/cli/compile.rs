//! `compile`: an application's code, for a host that has no compiler.

use std::{collections::BTreeMap, env::consts::ARCH, fs, path::Path};

use spin_host::Application;
use spin_host::manifest::Manifest;
use wasm::compiled_code::Store;
use wasm::guests;

use super::arguments::CompileOptions;
use super::error::Error;

/// The tracker's own application, and its component.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/spin/spin.toml");
const OWN_COMPONENT: &str = "stats-tracker";

/// Compiles each of the application's components and stores the code in the directory. The tracker's own component is
/// built first, unless it is up to date.
pub(super) fn compile(options: CompileOptions) -> Result<u8, Error> {
    let application = options.application.as_deref().unwrap_or(Path::new(OWN));
    let manifest = Manifest::read(application)?;
    let mut sources = BTreeMap::new();
    if is_own(application) {
        let module = guests::SPIN_COMPONENT
            .build()
            .map_err(|error| Error::new(error.to_string(), sysexits::ExitCode::Unavailable))?;
        sources.insert(OWN_COMPONENT.to_owned(), module);
    }
    let options = spin_host::Options {
        store: Store::at(options.output),
        sources,
        ..spin_host::Options::default()
    };
    Application::compile_ahead(&manifest, ARCH, &options)?;
    Ok(0)
}

fn is_own(application: &Path) -> bool {
    let real = |path| fs::canonicalize(path).ok();
    real(application).is_some_and(|application| real(Path::new(OWN)) == Some(application))
}
