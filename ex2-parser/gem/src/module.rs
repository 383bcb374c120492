//! `WasmHost::Module`: a guest's code, compiled.

use std::panic;

use guest_limits::Limits;
use magnus::{Error, RArray, RString, Ruby};
use rayon::ThreadPoolBuilder;
use wasmer::{CompileError, Engine, Pages};

use crate::instrumentation::instrument;
use crate::{checkpoint, error, gvl, value};

/// How a module begins that is not text.
const BINARY: &[u8] = b"\0asm";

/// The most table entries that a guest may have, each table. A large program's functions fit; 16 MiB is what they cost.
const TABLE_LIMIT: u32 = 1_000_000;

/// A page of memory, in bytes.
pub(crate) const PAGE: u64 = 64 * 1024;

#[magnus::wrap(class = "WasmHost::Module", free_immediately)]
pub(crate) struct Module {
    engine: Engine,
    module: wasmer::Module,
}

/// Why bytes are no module.
enum Failure {
    Wat(wat::Error),
    Compile(CompileError),
    /// The compiler has a bug.
    Panic,
}

impl Module {
    /// Compiles `source`, a module's bytes or its text, or loads what was kept when it was compiled before.
    pub(crate) fn load(ruby: &Ruby, source: RString, keep: bool) -> Result<Self, Error> {
        // Another thread may change the string while this one compiles; a frozen copy shares its bytes until then.
        let source = RString::new_frozen(source);
        // SAFETY: nobody changes a frozen string, and it is on this function's stack, where the collector finds it.
        let bytes = unsafe { source.as_slice() };
        if bytes.is_empty() {
            return Err(error::of(
                ruby,
                "CompileError",
                "the module's source is empty: hand over the bytes of a .wasm file, or the text of a .wat file",
            ));
        }
        let loaded = gvl::without_to_the_end(|| {
            panic::catch_unwind(|| Self::compile(bytes, keep)).unwrap_or(Err(Failure::Panic))
        })?;
        loaded.map_err(|failure| match failure {
            Failure::Wat(cause) => error::of(
                ruby,
                "CompileError",
                format!("the source doesn't begin as a .wasm file does, and it is no Wat: {cause}"),
            ),
            Failure::Compile(cause) => error::compile(ruby, &cause),
            Failure::Panic => error::of(
                ruby,
                "CompileError",
                "the compiler has a bug that this module met, and said more on stderr: does it use a new proposal?",
            ),
        })
    }

    fn compile(source: &[u8], keep: bool) -> Result<Self, Failure> {
        if source.starts_with(BINARY) {
            return Self::from_binary(source, keep).map_err(Failure::Compile);
        }
        let binary = wat::parse_bytes(source).map_err(Failure::Wat)?;
        Self::from_binary(&binary, keep).map_err(Failure::Compile)
    }

    /// Compiles a binary module, or loads what was kept.
    pub(crate) fn from_binary(binary: &[u8], keep: bool) -> Result<Self, CompileError> {
        let engine = checkpoint::engine();
        let compile = || {
            wasmer::Module::validate(&engine, binary)?;
            let instrumented = instrument(binary).map_err(|error| CompileError::Validate(error.to_string()))?;
            // The compiler's work is rayon's. In threads of its own: a process that was forked has the shared ones no more,
            // and would wait for them for ever.
            let threads = ThreadPoolBuilder::new()
                .build()
                .map_err(|error| CompileError::Resource(error.to_string()))?;
            threads.install(|| wasmer::Module::new(&engine, instrumented))
        };
        let module = if keep {
            let compiler = format!("{}-checkpoints-{}", engine.deterministic_id(), checkpoint::EDITION);
            let key = compiled_code::Key::new(binary, "wasmer", wasmer_types::VERSION, &compiler);
            compiled_code::Store::default_location().load_or_compile(
                &key,
                // SAFETY: the entry carries this engine's name, version and settings and is whole, and only its owner
                // can write it.
                |entry| unsafe { wasmer::Module::deserialize_unchecked(&engine, entry.code()) },
                || {
                    let module = compile()?;
                    let code = module
                        .serialize()
                        .map_err(|error| CompileError::Resource(error.to_string()))?;
                    Ok::<_, CompileError>((module, code.to_vec()))
                },
            )?
        } else {
            compile()?
        };
        Ok(Self { engine, module })
    }

    /// The compiled code.
    pub(crate) fn compiled(&self) -> &wasmer::Module {
        &self.module
    }

    /// The engine for instances whose memories hold at most so many bytes, each of them.
    pub(crate) fn engine(&self, memory_limit: u64) -> Engine {
        let pages = u32::try_from(memory_limit / PAGE).unwrap_or(u32::MAX);
        let limits = Limits {
            memory: Pages(pages).min(Pages::max_value()),
            table: TABLE_LIMIT,
        };
        checkpoint::asking(guest_limits::limited(self.engine.clone(), limits))
    }

    /// Every import: module, name, kind, details.
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

    /// Every export: name, kind, details.
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
