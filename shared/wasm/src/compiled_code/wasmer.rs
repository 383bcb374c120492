//! Modules of the `wasmer` crate.

use wasmer::{CompileError, Engine, Module};

use crate::compiled_code::{Key, Store};

/// Loads the compiled code of `guest`, a binary module, from the cache; or compiles it with `engine` and caches the
/// result.
pub fn module(store: &Store, engine: &Engine, guest: &[u8]) -> Result<Module, CompileError> {
    module_by(store, engine, guest, || Module::new(engine, guest))
}

/// As [`module`], with the caller's `compile`, which can print a message before a long compilation. It must compile
/// `guest` with `engine`.
pub fn module_by(
    store: &Store,
    engine: &Engine,
    guest: &[u8],
    compile: impl FnOnce() -> Result<Module, CompileError>,
) -> Result<Module, CompileError> {
    let key = Key::new(guest, "wasmer", wasmer_types::VERSION, &engine.deterministic_id());
    store.load_or_compile(
        &key,
        // SAFETY: the entry's key has this engine's name, version and settings, its checksum is right, and only this
        // program's user or root can have written it.
        |entry| unsafe { Module::deserialize_unchecked(engine, entry.code()) },
        || {
            let module = compile()?;
            let code = module
                .serialize()
                .map_err(|error| CompileError::Resource(error.to_string()))?;
            Ok((module, code.to_vec()))
        },
    )
}
