//! `WasmHost::Module`: a compiled module.

use std::borrow::Cow;
use std::panic;
use std::path::PathBuf;
use std::sync::Arc;

use magnus::prelude::*;
use magnus::{Error, RArray, RString, Ruby, Value};
use rayon::ThreadPoolBuilder;
use wasm::compiled_code::{self, Store};
use wasm::guest_limits::{self, INSTRUMENTATION_VERSION, Limits, MemoryUse, instrument, is_given_memory};
use wasmer::sys::wasmparser::BinaryReaderError;
use wasmer::{CompileError, Engine, Pages};

use crate::{bytes, call, error, gvl, value};

/// The first bytes of a binary module.
const WASM_MAGIC: &[u8] = b"\0asm";

/// The most entries of each table of a guest. That is enough for the functions of a large program, and costs 16 MiB.
const TABLE_LIMIT: u32 = 1_000_000;

/// The size of a page of WebAssembly memory.
pub(crate) const PAGE_BYTES: u64 = 64 * 1024;

#[magnus::wrap(class = "WasmHost::Module", free_immediately)]
pub(crate) struct Module {
    engine: Engine,
    module: wasmer::Module,
    interruptible: bool,
    /// Whether the only memory was added for polls.
    only_polls: bool,
}

/// The options of compilation.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) cache: Cache,
    /// Whether guests of the module can be stopped.
    pub(crate) interruptible: bool,
}

/// The place where compiled code is cached for the next process.
#[derive(Clone, Debug)]
pub(crate) enum Cache {
    Disabled,
    /// The user's cache, see [`system::cache::directory`].
    Default,
    Directory(PathBuf),
}

impl Cache {
    /// Reads the option `cache:` of Ruby: false or nil, true, or a directory.
    pub(crate) fn from_ruby(ruby: &Ruby, value: Value) -> Result<Self, Error> {
        if let Some(directory) = RString::from_value(value) {
            return Ok(Self::Directory(directory.to_string()?.into()));
        }
        if value.is_kind_of(ruby.class_true_class()) {
            return Ok(Self::Default);
        }
        if !value.to_bool() {
            return Ok(Self::Disabled);
        }
        Err(Error::new(
            ruby.exception_type_error(),
            format!(
                "cache: is true, false or a directory's path, not {}",
                error::class_of(value)
            ),
        ))
    }

    fn store(&self) -> Option<Store> {
        match self {
            Self::Disabled => None,
            Self::Default => Some(Store::default_location()),
            Self::Directory(directory) => Some(Store::at(directory)),
        }
    }
}

/// The reason for which bytes cannot be compiled.
enum Failure {
    Wat(wat::Error),
    Compile(CompileError),
    /// The compiler has a bug.
    Panic,
}

impl Module {
    /// Compiles `source`, a module as binary or as text, or loads its compiled code from the cache.
    pub(crate) fn load(ruby: &Ruby, source: RString, cache: Value, interruptible: bool) -> Result<Self, Error> {
        if source.is_empty() {
            return Err(error::exception(
                ruby,
                "CompileError",
                "the module's source is empty: hand over the bytes of a .wasm file, or the text of a .wat file",
            ));
        }
        let options = Options {
            cache: Cache::from_ruby(ruby, cache)?,
            interruptible,
        };
        let loaded = bytes::with(source, |source| {
            gvl::without_uninterrupted(|| {
                panic::catch_unwind(|| Self::compile(source, &options)).unwrap_or(Err(Failure::Panic))
            })
        })?;
        loaded.map_err(|failure| match failure {
            Failure::Wat(cause) => error::exception(
                ruby,
                "CompileError",
                format!("the source doesn't begin as a .wasm file does, and it is no Wat: {cause}"),
            ),
            Failure::Compile(cause) => error::compile(ruby, &cause),
            Failure::Panic => error::exception(
                ruby,
                "CompileError",
                "the compiler has a bug that this module met, and said more on stderr: does it use a new proposal?",
            ),
        })
    }

    fn compile(source: &[u8], options: &Options) -> Result<Self, Failure> {
        if source.starts_with(WASM_MAGIC) {
            return Self::from_binary(source, options).map_err(Failure::Compile);
        }
        let binary = wat::parse_bytes(source).map_err(Failure::Wat)?;
        Self::from_binary(&binary, options).map_err(Failure::Compile)
    }

    /// Compiles a binary module, or loads its compiled code from the cache.
    pub(crate) fn from_binary(binary: &[u8], options: &Options) -> Result<Self, CompileError> {
        let engine = guest_limits::interruptible_engine();
        let interruptible = options.interruptible;
        let invalid = |error: BinaryReaderError| CompileError::Validate(error.to_string());
        let compile = || {
            wasmer::Module::validate(&engine, binary)?;
            let code = if interruptible {
                instrument(binary).map_err(invalid)?
            } else {
                Cow::Borrowed(binary)
            };
            // The compiler uses rayon. It gets a thread pool of its own: a forked process does not have the threads of the
            // global pool, and would wait for them for ever.
            let threads = ThreadPoolBuilder::new()
                .build()
                .map_err(|error| CompileError::Resource(error.to_string()))?;
            threads.install(|| wasmer::Module::new(&engine, code))
        };
        let module = match options.cache.store() {
            None => compile()?,
            Some(store) => {
                let checkpoints = if interruptible { INSTRUMENTATION_VERSION } else { 0 };
                let compiler = format!("{}-checkpoints-{checkpoints}", engine.deterministic_id());
                let key = compiled_code::Key::new(binary, "wasmer", wasmer_types::VERSION, &compiler);
                store.load_or_compile(
                    &key,
                    // SAFETY: the entry's key has this engine's name, version and settings, its checksum is right, and only
                    // its owner can write it.
                    |entry| unsafe { wasmer::Module::deserialize_unchecked(&engine, entry.code()) },
                    || {
                        let module = compile()?;
                        let code = module
                            .serialize()
                            .map_err(|error| CompileError::Resource(error.to_string()))?;
                        Ok::<_, CompileError>((module, code.to_vec()))
                    },
                )?
            }
        };
        Ok(Self {
            engine,
            module,
            interruptible,
            only_polls: interruptible && is_given_memory(binary).map_err(invalid)?,
        })
    }

    /// Whether guests of the module can be stopped.
    pub(crate) fn is_interruptible(&self) -> bool {
        self.interruptible
    }

    /// The compiled code.
    pub(crate) fn compiled(&self) -> &wasmer::Module {
        &self.module
    }

    /// Creates the engine for an instance. Each of its memories has at most `memory_limit` bytes, and `used` counts them.
    pub(crate) fn engine(&self, memory_limit: u64, used: &Arc<MemoryUse>) -> Engine {
        let pages = u32::try_from(memory_limit / PAGE_BYTES).unwrap_or(u32::MAX);
        let limits = Limits {
            memory: Pages(pages).min(Pages::max_value()),
            table: TABLE_LIMIT,
        };
        guest_limits::polling(
            guest_limits::limited(self.engine.clone(), limits),
            self.only_polls,
            used,
            call::should_continue,
        )
    }

    /// Returns the module, name, kind and details of every import.
    pub(crate) fn imports(ruby: &Ruby, this: &Self) -> Result<RArray, Error> {
        let imports = ruby.ary_new();
        for import in this.module.imports() {
            imports.push(ruby.ary_new_from_values(&[
                ruby.str_new(import.module()),
                ruby.str_new(import.name()),
                ruby.str_new(value::kind(import.ty())),
                ruby.str_new(&value::details(import.ty())),
            ]))?;
        }
        Ok(imports)
    }

    /// Returns the name, kind and details of every export.
    pub(crate) fn exports(ruby: &Ruby, this: &Self) -> Result<RArray, Error> {
        let exports = ruby.ary_new();
        for export in this.module.exports() {
            exports.push(ruby.ary_new_from_values(&[
                ruby.str_new(export.name()),
                ruby.str_new(value::kind(export.ty())),
                ruby.str_new(&value::details(export.ty())),
            ]))?;
        }
        Ok(exports)
    }
}
