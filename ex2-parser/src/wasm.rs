//! The parser as a WebAssembly module, hosted by Wasmer.
//!
//! `ex2-parser/guest/src/lib.rs` documents the guest's exports. The host does not trust the guest: it checks every
//! pointer against the guest's memory, accepts only JSON of the expected shape, and limits memory. [`package_within`]
//! limits time too.
//!
//! ```no_run
//! use ex2_parser::wasm::{self, Engine, Parser};
//!
//! let engine = wasm::engine();
//! let module = wasm::load(&engine, Engine::Stream)?;
//! let mut parser = Parser::instantiate(&engine, &module)?;
//! let package = parser.package(b"<span>Total downloads</span><h3 title=7>7</h3>")?;
//! # Ok::<(), wasm::Error>(())
//! ```

use std::time::Duration;

use serde::de::DeserializeOwned;
use wasm::guest_limits::{self, Limits};
use wasm::{compiled_code, guests};
use wasmer::{
    CompileError, Extern, ExternType, Function, FunctionEnv, FunctionEnvMut, Imports, Instance, Memory, Module, Pages,
    RuntimeError, Store, TypedFunction, Value,
};

use crate::{Error as PageError, Package, PackageList, VersionList};

/// The guest's limits: enough memory for a page of 8 MiB and its tree. The stream engine needs little more than the
/// page.
pub const LIMITS: Limits = Limits {
    memory: Pages(4_096),
    table: 10_000,
};

/// The time limit for one page. The slowest engine reads the largest page in a few seconds.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The longest accepted answer. The longest real ones are version lists, with 30 versions and thousands of tags.
const MAX_ANSWER_BYTES: u32 = 16 * 1024 * 1024;

const WASI: &str = "wasi_snapshot_preview1";
/// WASI's error number for a function that the host does not implement.
const ENOSYS: i32 = 52;

/// The engine in the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// [`dom`](mod@crate::dom): a module of about 600 KB.
    Dom,
    /// [`stream`](mod@crate::stream): a module of about a quarter of that size.
    Stream,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The page has no answer.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The guest cannot be built or read.
    #[error(transparent)]
    Guest(#[from] guests::Error),
    /// This engine cannot compile the guest.
    #[error("the parser's module cannot be compiled: {0}")]
    Compile(#[from] CompileError),
    /// The guest has an import that this host does not provide.
    #[error("the parser's module cannot be instantiated: {0}")]
    Instantiate(String),
    /// The guest lacks an export of a parser, or returned a value that no parser returns.
    #[error("the parser's module breaks its contract: {0}")]
    Contract(String),
    /// The guest trapped: it has a fault, or it needs more memory than the limit.
    #[error("the parser's module was stopped: {0}")]
    Trap(String),
    /// The guest did not return in time.
    #[error("the parser's module was not done within {} s", .0.as_secs())]
    TimedOut(Duration),
}

/// Creates the engine that the other functions expect. It limits the memory of its guests.
#[must_use]
pub fn engine() -> wasmer::Engine {
    guest_limits::engine(LIMITS)
}

/// Builds the guest if its source has changed, and loads its compiled code from the cache, or compiles it.
///
/// # Errors
/// If it can't be built or compiled.
pub fn load(engine: &wasmer::Engine, parser: Engine) -> Result<Module, Error> {
    let guest = match parser {
        Engine::Dom => guests::PARSER_DOM,
        Engine::Stream => guests::PARSER_STREAM,
    };
    Ok(compiled_code::wasmer::module(
        &compiled_code::Store::default_location(),
        engine,
        &guest.read()?,
    )?)
}

/// Reads a package page in a fresh instance of the stream guest, on a thread of its own, within [`TIME_LIMIT`].
///
/// # Errors
/// The page's, and the host's.
pub fn package_within(page: Vec<u8>) -> Result<Package, Error> {
    within(TIME_LIMIT, move |parser| parser.package(&page))
}

/// Calls `work` with a fresh parser on a thread of its own, and waits at most `limit`. Work that is late keeps its
/// thread: report the error and end the process.
///
/// # Errors
/// Those of `work`, and the host's.
pub fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce(&mut Parser) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // The time limit does not include building and compiling the guest.
    let engine = engine();
    let module = load(&engine, Engine::Stream)?;
    guest_limits::within(limit, move || work(&mut Parser::instantiate(&engine, &module)?))
        .unwrap_or_else(|late| Err(Error::TimedOut(late.limit)))
}

/// An instance of the guest. It can read any number of pages, and keeps no state between them.
pub struct Parser {
    store: Store,
    memory: Memory,
    allocate: TypedFunction<u32, u32>,
    extract: TypedFunction<(u32, u32), u32>,
    result: TypedFunction<(), u32>,
    result_length: TypedFunction<(), u32>,
}

/// The kinds of pages, with the numbers that the guest's `extract` expects.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
enum Kind {
    Package,
    PackageList,
    VersionList,
}

impl Parser {
    /// Instantiates a module, with its imports.
    ///
    /// # Errors
    /// If it is not a parser.
    pub fn instantiate(engine: &wasmer::Engine, module: &Module) -> Result<Self, Error> {
        let mut store = Store::new(engine.clone());
        let (imports, wasi) = imports(&mut store, module)?;
        let instance =
            Instance::new(&mut store, module, &imports).map_err(|error| Error::Instantiate(error.to_string()))?;
        let contract = |error: wasmer::ExportError| Error::Contract(error.to_string());
        let memory = instance.exports.get_memory("memory").map_err(contract)?.clone();
        wasi.as_mut(&mut store).memory = Some(memory.clone());
        // A WASI reactor has to be initialised once by this export. A module that needs no initialisation has none.
        if let Ok(initialize) = instance.exports.get_typed_function::<(), ()>(&store, "_initialize") {
            initialize.call(&mut store)?;
        }
        Ok(Self {
            allocate: instance
                .exports
                .get_typed_function(&store, "allocate")
                .map_err(contract)?,
            extract: instance
                .exports
                .get_typed_function(&store, "extract")
                .map_err(contract)?,
            result: instance
                .exports
                .get_typed_function(&store, "result")
                .map_err(contract)?,
            result_length: instance
                .exports
                .get_typed_function(&store, "result_length")
                .map_err(contract)?,
            store,
            memory,
        })
    }

    /// Reads a package page.
    ///
    /// # Errors
    /// The page's, and the host's.
    pub fn package(&mut self, page: &[u8]) -> Result<Package, Error> {
        self.read(Kind::Package, page)
    }

    /// Reads one page of an organisation's or a user's packages.
    ///
    /// # Errors
    /// The page's, and the host's.
    pub fn package_list(&mut self, page: &[u8]) -> Result<PackageList, Error> {
        self.read(Kind::PackageList, page)
    }

    /// Reads one page of a package's versions.
    ///
    /// # Errors
    /// The page's, and the host's.
    pub fn version_list(&mut self, page: &[u8]) -> Result<VersionList, Error> {
        self.read(Kind::VersionList, page)
    }

    // region: call
    fn read<T: DeserializeOwned>(&mut self, kind: Kind, page: &[u8]) -> Result<T, Error> {
        let length = u32::try_from(page.len()).map_err(|_| PageError::TooLarge)?;
        let pointer = self.allocate.call(&mut self.store, length)?;
        if pointer == 0 {
            return Err(PageError::TooLarge.into());
        }
        self.write(pointer, page)?;
        let status = self.extract.call(&mut self.store, kind as u32, length)?;
        let pointer = self.result.call(&mut self.store)?;
        let length = self.result_length.call(&mut self.store)?;
        if length > MAX_ANSWER_BYTES {
            return Err(Error::Contract(format!("an answer of {length} bytes")));
        }
        // Checked before the allocation: a wrong length must not cost memory.
        let view = self.memory.view(&self.store);
        if u64::from(pointer) + u64::from(length) > view.data_size() {
            return Err(Error::Contract(format!(
                "{length} bytes at {pointer} lead out of its memory"
            )));
        }
        let mut answer = vec![0; length as usize];
        view.read(pointer.into(), &mut answer)
            .map_err(|error| Error::Contract(error.to_string()))?;
        let contract = |error: serde_json::Error| Error::Contract(format!("its answer is not understood: {error}"));
        match status {
            0 => serde_json::from_slice(&answer).map_err(contract),
            1 => Err(Error::Page(serde_json::from_slice(&answer).map_err(contract)?)),
            status => Err(Error::Contract(format!("the status {status}"))),
        }
    }
    // endregion: call

    /// Copies a page into the guest's memory. [`MemoryView::write`](wasmer::MemoryView::write) is slower: it copies eight
    /// bytes at a time, because it has to expect guests that run at the same time.
    fn write(&mut self, pointer: u32, page: &[u8]) -> Result<(), Error> {
        let view = self.memory.view(&self.store);
        // SAFETY: the store is borrowed mutably, so no guest of it runs and there is no other reference to this memory.
        let memory = unsafe { view.data_unchecked_mut() };
        let room = memory
            .get_mut(pointer as usize..)
            .and_then(|free| free.get_mut(..page.len()))
            .ok_or_else(|| {
                Error::Contract(format!(
                    "room for {} bytes at {pointer} leads out of its memory",
                    page.len()
                ))
            })?;
        room.copy_from_slice(page);
        Ok(())
    }
}

impl From<RuntimeError> for Error {
    fn from(error: RuntimeError) -> Self {
        Self::Trap(error.message())
    }
}

/// The guest's memory, for the imports that write to it.
#[derive(Default)]
struct Wasi {
    memory: Option<Memory>,
}

/// The module's imports. The stream guest has none. The dom guest contains Rust's standard library, which imports a few
/// functions of WASI. A parser needs no files, clocks or arguments, so these functions return nothing useful.
fn imports(store: &mut Store, module: &Module) -> Result<(Imports, FunctionEnv<Wasi>), Error> {
    let wasi = FunctionEnv::new(store, Wasi::default());
    let mut imports = Imports::new();
    for import in module.imports() {
        let ExternType::Function(function) = import.ty() else {
            return Err(Error::Instantiate(format!(
                "it imports {} {}",
                import.module(),
                import.name()
            )));
        };
        if import.module() != WASI {
            return Err(Error::Instantiate(format!(
                "it imports {} {}",
                import.module(),
                import.name()
            )));
        }
        let name = import.name().to_owned();
        let function = Function::new_with_env(store, &wasi, function.clone(), move |wasi, arguments| {
            answer(wasi, &name, arguments)
        });
        imports.define(WASI, import.name(), Extern::Function(function));
    }
    Ok((imports, wasi))
}

fn answer(wasi: FunctionEnvMut<'_, Wasi>, name: &str, arguments: &[Value]) -> Result<Vec<Value>, RuntimeError> {
    let zeros = |at: &Value, count: usize| -> Result<Vec<Value>, RuntimeError> {
        let memory = wasi
            .data()
            .memory
            .as_ref()
            .ok_or_else(|| RuntimeError::new("it calls WASI too early"))?;
        let view = memory.view(&wasi);
        let at = at.i32().unwrap_or(-1) as u32;
        for offset in 0..count as u64 {
            view.write_u8(u64::from(at) + offset, 0)
                .map_err(|error| RuntimeError::new(error.to_string()))?;
        }
        Ok(vec![Value::I32(0)])
    };
    match (name, arguments) {
        ("proc_exit", _) => Err(RuntimeError::new("it gave up")),
        // No environment and no arguments: both sizes are zero.
        ("environ_sizes_get" | "args_sizes_get", [count, size]) => {
            zeros(count, 4)?;
            zeros(size, 4)
        }
        ("environ_get" | "args_get", _) => Ok(vec![Value::I32(0)]),
        // The keys of the guest's hash maps. Zero is safe: the maps do not contain input from the page.
        ("random_get", [at, Value::I32(length @ 0..=1_024)]) => zeros(at, *length as usize),
        _ => Ok(vec![Value::I32(ENOSYS)]),
    }
}
