//! The second step: a host for untrusted modules.
//!
//! The lesson in `main.rs` runs a known module. An untrusted module can be wrong or malicious. So this host adds to the
//! lesson's four steps:
//!
//! - **Limits.** [`LIMITS`] bounds memory and tables, [`OUTPUT_LIMIT`] the text. Time is limited by the caller.
//! - **A cache.** Compiled code is stored on disk, so that the next start only loads it ([`load`]).
//! - **Messages.** Each fault has a variant of [`Error`], whose message has the next step.
//! - **Speed.** Lines are collected and written together, and the text is read in place, without a copy.
//!
//! Each step is a function of its own, so that `benches/hello` can measure it:
//! text → [`Source::assemble`](crate::source::Source::assemble) → [`load`] → [`Hello::instantiate`] → [`Hello::call`].

mod error;
mod interface;

use std::io::{self, Write};

use wasm::compiled_code::{self, Store as CompiledCode};
use wasm::guest_limits;
use wasmer::{
    AsStoreRef, Engine, Extern, ExternType, Function, FunctionEnv, FunctionEnvMut, Imports, Instance, Memory,
    MemoryType, Module, Store, TypedFunction,
};

pub use error::Error;
use interface::HELLO_WORLD;
pub use interface::{LIMITS, OUTPUT_LIMIT};

/// The number of collected bytes at which the output is written; it is also written at the end of the call. Few writes
/// are faster than many. A system call during the guest's call also takes longer than one after it, because the
/// processor loses its prediction of returns.
const BUFFER_SIZE: usize = 8 << 10;

/// The default engine, with [`LIMITS`].
pub fn engine() -> Engine {
    guest_limits::engine(LIMITS)
}

/// Loads a binary module's compiled code from the cache, or compiles the module and stores the code there.
///
/// # Errors
///
/// [`Error::Compile`] if it is not a valid module. A cache that can't be used is only a warning.
pub fn load(cache: &CompiledCode, engine: &Engine, binary: &[u8]) -> Result<Module, Error> {
    Ok(compiled_code::wasmer::module(cache, engine, binary)?)
}

/// An instance of a module. It can be called any number of times.
pub struct Hello {
    store: Store,
    console: FunctionEnv<Console>,
    hello_world: TypedFunction<(), ()>,
}

// region: console
/// The state behind `console.log`.
struct Console {
    memory: Memory,
    output: Box<dyn Write + Send>,
    /// Lines that are not written yet. It is reused, so that only the first call allocates.
    buffer: Vec<u8>,
    /// The number of bytes that may still be printed in this call.
    remaining: u64,
}

/// `console.log`: prints the text at `offset` in the memory.
///
/// The guest chose both numbers, so they are checked before anything is read.
fn log(mut console: FunctionEnvMut<'_, Console>, offset: u32, length: u32) -> Result<(), Error> {
    let (console, store) = console.data_and_store_mut();
    let memory = console.memory.view(&store);
    // SAFETY: the memory can change only while guest code runs. The guest waits until this function returns, the memory
    // is not shared with another thread, and nothing below calls the guest.
    let memory = unsafe { memory.data_unchecked() };
    // A usize has 64 bits here, in which the sum of two u32 can't overflow.
    let text = memory
        .get(offset as usize..offset as usize + length as usize)
        .ok_or(Error::OutOfBounds {
            offset,
            length,
            memory: memory.len() as u64,
        })?;
    let text = str::from_utf8(text).map_err(|_| Error::NotUtf8 { offset, length })?;
    console.remaining = console
        .remaining
        .checked_sub(u64::from(length) + 1)
        .ok_or(Error::TooMuchOutput)?;
    console.buffer.extend_from_slice(text.as_bytes());
    console.buffer.push(b'\n');
    if console.buffer.len() >= BUFFER_SIZE {
        console.flush()?;
    }
    Ok(())
}

impl Console {
    fn flush(&mut self) -> io::Result<()> {
        let written = self.output.write_all(&self.buffer);
        self.buffer.clear();
        written
    }
}
// endregion: console

impl Hello {
    /// Creates an instance of a module. Its output goes to `output`.
    ///
    /// # Errors
    ///
    /// The module's imports or exports do not fit, it is larger than [`LIMITS`], or its start function fails.
    pub fn instantiate(engine: &Engine, module: &Module, output: Box<dyn Write + Send>) -> Result<Self, Error> {
        let mut store = Store::new(engine.clone());
        let memory =
            Memory::new(&mut store, memory_type(module)?).map_err(|error| Error::TooLarge(error.to_string()))?;
        let console = Console {
            memory: memory.clone(),
            output,
            buffer: Vec::new(),
            remaining: OUTPUT_LIMIT,
        };
        let console = FunctionEnv::new(&mut store, console);
        let mut imports = Imports::new();
        imports.define("js", "mem", memory);
        imports.define(
            "console",
            "log",
            Function::new_typed_with_env(&mut store, &console, log),
        );
        let instance = Instance::new(&mut store, module, &imports)?;
        let hello_world = hello_world(&instance, &store)?;
        Ok(Self {
            store,
            console,
            hello_world,
        })
    }

    /// Calls `helloWorld`, and writes its output, also if the call fails.
    ///
    /// # Errors
    ///
    /// The guest trapped, passed a text that can't be printed, or printed more than [`OUTPUT_LIMIT`]; or the output
    /// can't be written.
    pub fn call(&mut self) -> Result<(), Error> {
        self.console.as_mut(&mut self.store).remaining = OUTPUT_LIMIT;
        let result = self.hello_world.call(&mut self.store);
        self.console.as_mut(&mut self.store).flush()?;
        Ok(result?)
    }
}

/// Checks a module's imports against the two that this host offers, and returns the type of the imported memory.
fn memory_type(module: &Module) -> Result<MemoryType, Error> {
    let mut memory = None;
    let mut has_log = false;
    for import in module.imports() {
        match (import.module(), import.name(), import.ty()) {
            ("js", "mem", ExternType::Memory(imported)) => memory = Some(*imported),
            ("console", "log", ExternType::Function(imported))
                if *imported.params() == [wasmer::Type::I32; 2] && imported.results().is_empty() =>
            {
                has_log = true;
            }
            (module, name, imported) => return Err(Error::unknown_import(module, name, imported)),
        }
    }
    if !has_log {
        return Err(Error::LacksImport("the function \"console\" \"log\""));
    }
    memory.ok_or(Error::LacksImport("the memory \"js\" \"mem\""))
}

/// Finds the exported function, and checks its type.
fn hello_world(instance: &Instance, store: &impl AsStoreRef) -> Result<TypedFunction<(), ()>, Error> {
    match instance.exports.get_extern(HELLO_WORLD) {
        None => Err(Error::NoHelloWorld),
        Some(Extern::Function(function)) => function
            .typed(store)
            .map_err(|_| Error::NotCallable(format!("a function {}", function.ty(store)))),
        Some(other) => Err(Error::NotCallable(error::kind(&other.ty(store)).to_owned())),
    }
}
