//! Modules of the `wasmer` crate.

use wasmer::{CompileError, Engine, Module};

use crate::compiled_code::{Key, Store};

/// Loads the compiled code of `guest`, a binary module, from the cache; or compiles it with `engine` and caches the result.
pub fn module(store: &Store, engine: &Engine, guest: &[u8]) -> Result<Module, CompileError> {
    module_by(store, engine, guest, || Module::new(engine, guest))
}

/// The same with a compilation of the caller's, which can say that it takes long. It has to compile `guest` with
/// `engine`.
pub fn module_by(
    store: &Store,
    engine: &Engine,
    guest: &[u8],
    compile: impl FnOnce() -> Result<Module, CompileError>,
) -> Result<Module, CompileError> {
    let key = Key::new(guest, "wasmer", wasmer_types::VERSION, &engine.deterministic_id());
    store.load_or_compile(
        &key,
        // SAFETY: the entry carries this engine's name, version and settings and is whole, and only this program's user
        // or root can have written it.
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
