//! Any module under Wasmer, within limits. It reads a module's path from each line of its standard input, and prints a
//! line: `answered {…}` or `stopped …`. `../README.md` describes what it limits.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use wasm::compile_process::{self, CompileLimits};
use wasm::guest_limits::{
    Limits, before_deadline, end_at, instrument, interruptible_engine, is_given_memory, limited, polling,
};
use wasmer::{
    AsStoreMut, Function, FunctionEnv, FunctionEnvMut, Instance, Memory, Module, Pages, RuntimeError, Store,
    TypedFunction, imports,
};

const MAX_MODULE_BYTES: u64 = 16 << 20;
const LIMITS: Limits = Limits {
    memory: Pages(4_096),
    table: 10_000,
};
const MAX_ANSWER_BYTES: u32 = 16 << 20;
const MAX_COMPILER_BYTES: u64 = 512 << 20;
const PAGE: &[u8] = b"<html></html>";

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
    if let Some(code) = compile_process::serve(limits, |module| compiled(module).map_err(|error| format!("{error:#}")))
    {
        return Ok(code);
    }
    for path in io::stdin().lines() {
        let outcome = match answer(&path?, limit) {
            Ok(answer) => format!("answered {answer}"),
            Err(error) => format!("stopped {error:#}"),
        };
        let words: Vec<&str> = outcome.split_whitespace().collect();
        println!("{}", words.join(" ").chars().take(300).collect::<String>());
    }
    Ok(ExitCode::SUCCESS)
}

/// Compiles a module with polls: Wasmer has no cheap way of its own to end a guest.
fn compiled(module: &[u8]) -> Result<Vec<u8>> {
    let engine = interruptible_engine();
    Module::validate(&engine, module)?;
    Ok(Module::new(&engine, instrument(module)?)?.serialize()?.to_vec())
}

/// The guest's exports that the host uses. `None` as long as its start function runs.
#[derive(Default)]
struct Guest {
    exports: Option<(TypedFunction<u32, u32>, Memory)>,
    /// Whether the host calls the guest for the guest.
    is_inside: bool,
}

/// Runs a module in a store of its own, and checks its answer.
fn answer(path: &str, limit: Duration) -> Result<String> {
    ensure!(fs::metadata(path)?.len() <= MAX_MODULE_BYTES, "the module is too large");
    let binary = fs::read(path)?;
    let code = compile_process::compile(&binary)?;
    let engine = limited(interruptible_engine(), LIMITS);
    let used = Arc::default();
    let engine = polling(engine, is_given_memory(&binary)?, &used, before_deadline);
    // SAFETY: the code is Wasmer's own: this program's other process made it just now with the same engine.
    let module = unsafe { Module::deserialize_unchecked(&engine, code) }?;
    end_at(Instant::now() + limit, || run(&mut Store::new(engine), &module))
}

fn run(store: &mut Store, module: &Module) -> Result<String> {
    let guest = FunctionEnv::new(store, Guest::default());
    let imports = imports! { "host" => { "page" => Function::new_typed_with_env(store, &guest, page) } };
    let exports = Instance::new(store, module, &imports)?.exports;
    let memory = exports.get_memory("memory")?.clone();
    let allocate: TypedFunction<u32, u32> = exports.get_typed_function(store, "allocate")?;
    let extract: TypedFunction<(u32, u32), u32> = exports.get_typed_function(store, "extract")?;
    let result: TypedFunction<(), u32> = exports.get_typed_function(store, "result")?;
    let result_length: TypedFunction<(), u32> = exports.get_typed_function(store, "result_length")?;
    guest.as_mut(store).exports = Some((allocate.clone(), memory.clone()));

    give_page(store, &allocate, &memory)?;
    let status = extract.call(store, 0, PAGE.len() as u32)?;
    let (address, length) = (result.call(store)?, result_length.call(store)?);
    ensure!(status <= 1, "the module returned the status {status}");
    ensure!(length <= MAX_ANSWER_BYTES, "the answer's length: {length} bytes");
    let mut answer = vec![0; length as usize];
    memory
        .view(store)
        .read(address.into(), &mut answer)
        .context("the answer's place")?;
    serde_json::from_slice::<Map<String, Value>>(&answer).context("the answer's form")?;
    Ok(String::from_utf8(answer)?)
}

fn give_page(store: &mut impl AsStoreMut, allocate: &TypedFunction<u32, u32>, memory: &Memory) -> Result<u32> {
    let address = allocate.call(store, PAGE.len() as u32)?;
    ensure!(address != 0, "the module has no room for the page");
    memory
        .view(store)
        .write(address.into(), PAGE)
        .context("the page's place")?;
    Ok(address)
}

/// What a guest may import: it gets the page once more. It must not come back through it to itself.
/// Its errors end the guest by a trap, which no guest can catch.
fn page(mut env: FunctionEnvMut<'_, Guest>) -> Result<u32, RuntimeError> {
    let (guest, mut store) = env.data_and_store_mut();
    let exports = guest.exports.clone().filter(|_| !guest.is_inside);
    let (allocate, memory) =
        exports.ok_or_else(|| RuntimeError::new("the module asks for the page while it gets it"))?;
    guest.is_inside = true;
    let address = give_page(&mut store, &allocate, &memory);
    env.data_mut().is_inside = false;
    address.map_err(|error| RuntimeError::new(format!("{error:#}")))
}
