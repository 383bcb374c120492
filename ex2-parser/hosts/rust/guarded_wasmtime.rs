//! Any module under wasmtime, within limits. It reads a module's path from each line of its standard input, and prints a
//! line: `answered {…}` or `stopped …`. `../README.md` describes what it limits.

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use wasm::compile_process::{self, CompileLimits};
use wasmtime::{
    AsContextMut, Caller, Config, Engine, Extern, Linker, Memory, Module, Store, StoreLimits, StoreLimitsBuilder,
    TypedFunc,
};

const MAX_MODULE_BYTES: u64 = 16 << 20;
const MAX_MEMORY_BYTES: usize = 256 << 20;
const MAX_TABLE_ENTRIES: usize = 10_000;
const MAX_STACK_BYTES: usize = 512 << 10;
const MAX_ANSWER_BYTES: u32 = 16 << 20;
const MAX_COMPILER_BYTES: u64 = 512 << 20;
const PAGE: &[u8] = b"<html></html>";

/// What a store has beside its guest.
struct State {
    limits: StoreLimits,
    /// Whether the host calls the guest for the guest.
    is_inside: bool,
}

fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true).max_wasm_stack(MAX_STACK_BYTES);
    Ok(Engine::new(&config)?)
}

fn time_limit() -> Result<Duration> {
    let seconds: f64 = env::var("TIME_LIMIT").map_or(Ok(10.0), |seconds| seconds.parse())?;
    Ok(Duration::try_from_secs_f64(seconds)?)
}

fn main() -> Result<ExitCode> {
    let limit = time_limit()?;
    let limits = CompileLimits {
        processor_seconds: limit.as_secs().max(1),
        memory: MAX_COMPILER_BYTES,
    };
    let compile = |module: &[u8]| {
        let engine = engine().map_err(|error| format!("{error:#}"))?;
        engine.precompile_module(module).map_err(|error| format!("{error:#}"))
    };
    if let Some(code) = compile_process::serve(limits, compile) {
        return Ok(code);
    }
    let engine = engine()?;
    for path in io::stdin().lines() {
        let outcome = match answer(&engine, &path?, limit) {
            Ok(answer) => format!("answered {answer}"),
            Err(error) => format!("stopped {error:#}"),
        };
        let words: Vec<&str> = outcome.split_whitespace().collect();
        println!("{}", words.join(" ").chars().take(300).collect::<String>());
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a module in a store of its own, and checks its answer.
fn answer(engine: &Engine, path: &str, limit: Duration) -> Result<String> {
    ensure!(fs::metadata(path)?.len() <= MAX_MODULE_BYTES, "the module is too large");
    let code = compile_process::compile(&fs::read(path)?)?;
    // SAFETY: the code is wasmtime's own: this program's other process made it just now with the same engine.
    let module = unsafe { Module::deserialize(engine, code) }?;
    let limits = StoreLimitsBuilder::new()
        .memory_size(MAX_MEMORY_BYTES)
        .table_elements(MAX_TABLE_ENTRIES)
        .memories(1)
        .tables(10);
    let state = State {
        limits: limits.build(),
        is_inside: false,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limits);
    // The code looks at the epoch in each loop and each call. The thread ends it, and so the guest.
    store.set_epoch_deadline(1);
    let (_ended_first, ended) = mpsc::channel::<()>();
    let clock = engine.clone();
    thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            clock.increment_epoch();
        }
    });
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "page", page)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let memory = instance
        .get_memory(&mut store, "memory")
        .context("no memory is exported")?;
    let allocate = instance.get_typed_func(&mut store, "allocate")?;
    let extract = instance.get_typed_func::<(u32, u32), u32>(&mut store, "extract")?;
    let result = instance.get_typed_func::<(), u32>(&mut store, "result")?;
    let result_length = instance.get_typed_func::<(), u32>(&mut store, "result_length")?;

    give_page(&mut store, &allocate, memory)?;
    let status = extract.call(&mut store, (0, PAGE.len() as u32))?;
    let (address, length) = (result.call(&mut store, ())?, result_length.call(&mut store, ())?);
    ensure!(status <= 1, "the module returned the status {status}");
    ensure!(length <= MAX_ANSWER_BYTES, "the answer's length: {length} bytes");
    let mut answer = vec![0; length as usize];
    memory
        .read(&store, address as usize, &mut answer)
        .context("the answer's place")?;
    serde_json::from_slice::<Map<String, Value>>(&answer).context("the answer's form")?;
    Ok(String::from_utf8(answer)?)
}

fn give_page(store: &mut impl AsContextMut, allocate: &TypedFunc<u32, u32>, memory: Memory) -> Result<u32> {
    let address = allocate.call(&mut *store, PAGE.len() as u32)?;
    ensure!(address != 0, "the module has no room for the page");
    memory
        .write(store, address as usize, PAGE)
        .context("the page's place")?;
    Ok(address)
}

/// What a guest may import: it gets the page once more. It must not come back through it to itself.
fn page(mut caller: Caller<'_, State>) -> wasmtime::Result<u32> {
    if caller.data().is_inside {
        return Err(wasmtime::Error::msg("the module asks for the page while it gets it"));
    }
    let (Some(Extern::Func(allocate)), Some(Extern::Memory(memory))) =
        (caller.get_export("allocate"), caller.get_export("memory"))
    else {
        return Err(wasmtime::Error::msg("no function `allocate` or no memory is exported"));
    };
    let allocate = allocate.typed(&caller)?;
    caller.data_mut().is_inside = true;
    let address = give_page(&mut caller, &allocate, memory);
    caller.data_mut().is_inside = false;
    address.map_err(|error| wasmtime::Error::msg(format!("{error:#}")))
}
