//! The parser's module under Wasmer: cargo run -q -p ex2-parser --example host-wasmer -- MODULE KIND PAGE…
use std::{env, fs, time::Duration, time::Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};
use wasm::guest_limits::{Limits, engine, within};
use wasmer::{Instance, Module, Pages, Store, TypedFunction, imports};

#[rustfmt::skip]
const LIMITS: Limits = Limits { memory: Pages(4_096), table: 10_000 };
const MAX_ANSWER_BYTES: u32 = 16 << 20;

fn main() -> Result<()> {
    let limit = env::var("TIME_LIMIT").map_or(Ok(10.0), |seconds| seconds.parse())?;
    // Wasmer has no cheap way to stop a guest: a late one keeps its thread until this process ends.
    within(Duration::from_secs_f64(limit), read_pages)?
}

fn read_pages() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [module, kind, pages @ ..] = &arguments[..] else {
        bail!("MODULE KIND PAGE… are needed");
    };
    let (binary, kind, clock) = (fs::read(module)?, kind.parse()?, Instant::now());

    // 1. Load: compiled code, and an instance of it. The module imports nothing, so it can only compute.
    // The store gets the module's own engine, which owns the code.
    let mut store = Store::new(engine(LIMITS));
    let module = Module::new(&store, binary)?;
    let compiled = clock.elapsed();
    let exports = Instance::new(&mut store, &module, &imports! {})?.exports;
    let memory = exports.get_memory("memory")?.clone();
    let allocate: TypedFunction<u32, u32> = exports.get_typed_function(&store, "allocate")?;
    let extract: TypedFunction<(u32, u32), u32> = exports.get_typed_function(&store, "extract")?;
    let result: TypedFunction<(), u32> = exports.get_typed_function(&store, "result")?;
    let result_length: TypedFunction<(), u32> = exports.get_typed_function(&store, "result_length")?;
    eprintln!("set-up {compiled:?}\nstart {:?}", clock.elapsed() - compiled);

    for page in pages {
        let (page, clock) = (fs::read(page)?, Instant::now());
        // 2. Give it the page: in its memory, at an address that it chooses and Wasmer checks.
        let address = allocate.call(&mut store, page.len() as u32)?;
        ensure!(address != 0, "the module has no room for the page");
        memory
            .view(&store)
            .write(address.into(), &page)
            .context("the page's place")?;
        let status = extract.call(&mut store, kind, page.len() as u32)?;

        // 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
        let (address, length) = (result.call(&mut store)?, result_length.call(&mut store)?);
        ensure!(status <= 1, "the module returned the status {status}");
        ensure!(length <= MAX_ANSWER_BYTES, "the answer's length: {length} bytes");
        let mut answer = vec![0; length as usize];
        memory
            .view(&store)
            .read(address.into(), &mut answer)
            .context("the answer's place")?;
        serde_json::from_slice::<Map<String, Value>>(&answer).context("the answer's form")?;
        eprintln!("page {:?}", clock.elapsed());
        println!("{}", String::from_utf8(answer)?);
    }
    Ok(())
}
