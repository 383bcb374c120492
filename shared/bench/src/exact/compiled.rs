//! The compiled code of guests, modules or components.

use std::convert::Infallible;

use wasm::compiled_code::{self, Key, Store};
use wasmtime::{Config, Engine, Result};

/// Compiles a guest: [`Engine::precompile_module`], or the same for a component.
type Precompile = fn(&Engine, &[u8]) -> Result<Vec<u8>>;

/// The guest's compiled code, from the cache if it was compiled before. It is code of this program's own engine.
///
/// # Errors
/// If it can't be compiled.
pub fn code(engine: &Engine, guest: &[u8], precompile: Precompile) -> Result<Vec<u8>> {
    let settings = compiled_code::settings(engine.precompile_compatibility_hash());
    let key = Key::new(guest, "wasmtime", "", &settings);
    Store::default_location().load_or_compile(
        &key,
        |entry| Ok::<_, Infallible>(entry.code().to_vec()),
        || {
            let code = precompile(engine, guest)?;
            Ok((code.clone(), code))
        },
    )
}

/// The size of the guest's compiled file, without fuel, for each processor of the architecture. `None` elsewhere than on
/// x86-64.
///
/// # Errors
/// If it can't be compiled.
pub fn compiled_bytes(guest: &[u8], precompile: Precompile) -> Result<Option<u64>> {
    if !cfg!(target_arch = "x86_64") {
        return Ok(None);
    }
    let mut config = Config::new();
    // A named target, and not this machine's processor with all that it can do.
    config.target("x86_64-unknown-linux-gnu")?;
    Ok(Some(code(&Engine::new(&config)?, guest, precompile)?.len() as u64))
}
