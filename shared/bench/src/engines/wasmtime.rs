//! wasmtime with its default settings.

use ::wasmtime::{Engine, Module, Result};
use wasm::compiled_code::{Key, Store};

use crate::engines::About;

pub use ::wasmtime;
pub use wasmtime_wasi;

/// wasmtime as an engine of the benches.
#[derive(Clone)]
pub struct Wasmtime {
    /// The names and versions.
    pub about: About,
    /// The engine.
    pub engine: Engine,
}

impl Default for Wasmtime {
    fn default() -> Self {
        Self {
            about: About::new("wasmtime", "wasmtime", "Cranelift", &["wasmtime", "cranelift-codegen"]),
            engine: Engine::default(),
        }
    }
}

impl Wasmtime {
    /// Loads the compiled code of `guest` from the cache, or compiles it and caches the result.
    ///
    /// # Errors
    /// If the guest can't be compiled.
    pub fn load(&self, store: &Store, guest: &[u8]) -> Result<Module> {
        let key = Key::new(guest, self.about.id, &self.about.versions["wasmtime"], "cranelift");
        store.load_or_compile(
            &key,
            // SAFETY: the entry's checksum is right, only this program's user or root can have written its file, and
            // its key contains this engine's version; the engine also checks its own version and settings.
            |entry| unsafe { Module::deserialize(&self.engine, entry.code()) },
            || {
                let module = Module::new(&self.engine, guest)?;
                let code = module.serialize()?;
                Ok((module, code))
            },
        )
    }
}
