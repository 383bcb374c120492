//! The guests under wasmtime.
//!
//! `console.log` has the same checks as under Wasmer, and one write for each line.

use std::fs::File;
use std::io::Write;

use bench::cases::{Case, Recorder};
use bench::engines::About;
use bench::engines::wasmtime::Wasmtime;
use bench::engines::wasmtime::wasmtime::{
    Caller, Engine, Error, Linker, Memory, MemoryType, Module, Result, Store, StoreLimits, StoreLimitsBuilder,
    TypedFunc,
};
use bench::engines::wasmtime::wasmtime_wasi::cli::OutputFile;
use bench::engines::wasmtime::wasmtime_wasi::p1::{self, WasiP1Ctx};
use bench::engines::wasmtime::wasmtime_wasi::{I32Exit, WasiCtxBuilder};
use criterion::{Bencher, Criterion};
use ex1_hello::untrusted;
use wasm::compiled_code::Store as CompiledCode;
use wasm::guest_limits::Limits;

use crate::guest::{self, Guest};
use crate::module::Origin;
use crate::sink::null_device;

pub(crate) fn module(
    criterion: &mut Criterion,
    recorder: &mut Recorder,
    cache: &CompiledCode,
    origin: Origin,
    binary: &[u8],
) {
    let engine = Wasmtime::default();
    let case = origin.case(&engine.about, binary);
    guest::bench(criterion, recorder, case, &TwoImports { engine, cache, binary });
}

pub(crate) fn rust(
    criterion: &mut Criterion,
    recorder: &mut Recorder,
    case: impl Fn(&About, &[u8]) -> Case,
    cache: &CompiledCode,
    binary: &[u8],
) {
    let engine = Wasmtime::default();
    let mut linker = Linker::new(&engine.engine);
    p1::add_to_linker_sync(&mut linker, |state: &mut Commands| &mut state.wasi).unwrap();
    let case = case(&engine.about, binary);
    let guest = Rust {
        engine,
        linker,
        cache,
        binary,
    };
    guest::bench(criterion, recorder, case, &guest);
}

/// The limits of Wasmer's hosts, for wasmtime.
fn limits(limits: Limits) -> StoreLimits {
    StoreLimitsBuilder::new()
        .memory_size(limits.memory.bytes().0)
        .table_elements(limits.table as usize)
        .build()
}

/// A module with the two imports of `hello.wat`.
struct TwoImports<'a> {
    engine: Wasmtime,
    cache: &'a CompiledCode,
    binary: &'a [u8],
}

/// The state of `console.log`.
struct Console {
    limits: StoreLimits,
    memory: Option<Memory>,
    output: Box<dyn Write + Send>,
    line: Vec<u8>,
    remaining: u64,
}

struct Hello {
    store: Store<Console>,
    hello_world: TypedFunc<(), ()>,
}

fn log(mut caller: Caller<'_, Console>, offset: u32, length: u32) -> Result<()> {
    let memory = caller.data().memory.ok_or_else(|| Error::msg("no memory"))?;
    let (memory, console) = memory.data_and_store_mut(&mut caller);
    let text = memory
        .get(offset as usize..)
        .and_then(|rest| rest.get(..length as usize))
        .ok_or_else(|| Error::msg("the text is outside of the memory"))?;
    console.remaining = console
        .remaining
        .checked_sub(u64::from(length) + 1)
        .ok_or_else(|| Error::msg("it printed too much"))?;
    console.line.clear();
    console.line.extend_from_slice(text);
    std::str::from_utf8(&console.line)?;
    console.line.push(b'\n');
    console.output.write_all(&console.line)?;
    Ok(())
}

fn instantiate(engine: &Engine, module: &Module, sink: File) -> Result<Hello> {
    let console = Console {
        limits: limits(untrusted::LIMITS),
        memory: None,
        output: Box::new(sink),
        line: Vec::new(),
        remaining: u64::MAX,
    };
    let mut store = Store::new(engine, console);
    store.limiter(|console| &mut console.limits);
    let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
    store.data_mut().memory = Some(memory);
    let mut linker = Linker::new(engine);
    linker.define(&store, "js", "mem", memory)?;
    linker.func_wrap("console", "log", log)?;
    let instance = linker.instantiate(&mut store, module)?;
    let hello_world = instance.get_typed_func(&mut store, "helloWorld")?;
    Ok(Hello { store, hello_world })
}

impl Guest for TwoImports<'_> {
    type Module = Module;
    type Instance<'a>
        = Hello
    where
        Self: 'a;

    fn compile(&self) -> Module {
        Module::new(&self.engine.engine, self.binary).unwrap()
    }

    fn load(&self) -> Module {
        self.engine.load(self.cache, self.binary).unwrap()
    }

    fn compiled_bytes(&self, module: &Module) -> usize {
        module.serialize().unwrap().len()
    }

    fn instantiate(&self, module: &Module, sink: File) -> Hello {
        instantiate(&self.engine.engine, module, sink).unwrap()
    }

    fn say(&self, hello: &mut Hello) {
        hello.hello_world.call(&mut hello.store, ()).unwrap();
    }

    fn work(&self, bencher: &mut Bencher<'_>, module: &Module) {
        let mut hello = self.instantiate(module, null_device());
        bencher.iter(|| self.say(&mut hello));
    }
}

/// The Rust program. WASI's functions are linked once, as `wasi-host` sets up its runtime once.
struct Rust<'a> {
    engine: Wasmtime,
    linker: Linker<Commands>,
    cache: &'a CompiledCode,
    binary: &'a [u8],
}

struct Commands {
    limits: StoreLimits,
    wasi: WasiP1Ctx,
}

struct Command {
    store: Store<Commands>,
    start: TypedFunc<(), ()>,
}

impl Guest for Rust<'_> {
    type Module = Module;
    type Instance<'a>
        = Command
    where
        Self: 'a;

    fn compile(&self) -> Module {
        Module::new(&self.engine.engine, self.binary).unwrap()
    }

    fn load(&self) -> Module {
        self.engine.load(self.cache, self.binary).unwrap()
    }

    fn compiled_bytes(&self, module: &Module) -> usize {
        module.serialize().unwrap().len()
    }

    fn instantiate(&self, module: &Module, sink: File) -> Command {
        let state = Commands {
            limits: limits(wasi_host::LIMITS),
            wasi: WasiCtxBuilder::new()
                .arg("hello")
                .stdout(OutputFile::new(sink))
                .build_p1(),
        };
        let mut store = Store::new(&self.engine.engine, state);
        store.limiter(|state| &mut state.limits);
        let instance = self.linker.instantiate(&mut store, module).unwrap();
        let start = instance.get_typed_func(&mut store, "_start").unwrap();
        Command { store, start }
    }

    fn say(&self, command: &mut Command) {
        match command.start.call(&mut command.store, ()) {
            Ok(()) => {}
            // `proc_exit` ends a program like a trap.
            Err(error) => assert_eq!(error.downcast_ref::<I32Exit>().map(|exit| exit.0), Some(0), "{error}"),
        }
    }
}
