//! The parser's module under wasmtime: cargo run -q -p ex2-parser --features runtimes --example host-wasmtime -- …
use std::{env, fs, thread, time::Duration, time::Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};
use wasmtime::{Config, Engine, Instance, Module, Store, StoreLimitsBuilder};

const MAX_ANSWER_BYTES: u32 = 16 << 20;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [module, kind, pages @ ..] = &arguments[..] else {
        bail!("MODULE KIND PAGE… are needed");
    };
    let limit: f64 = env::var("TIME_LIMIT").map_or(Ok(10.0), |seconds| seconds.parse())?;
    let (binary, kind, clock) = (fs::read(module)?, kind.parse()?, Instant::now());

    // 1. Load: compiled code, and an instance of it. The module imports nothing, so it can only compute.
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let module = Module::new(&engine, binary)?;
    let compiled = clock.elapsed();
    let limits = StoreLimitsBuilder::new().memory_size(256 << 20).table_elements(10_000);
    let mut store = Store::new(&engine, limits.build());
    store.limiter(|limits| limits);
    // The code looks at the epoch in each loop and each call. The thread ends it, and so the guest.
    store.set_epoch_deadline(1);
    thread::spawn(move || {
        thread::sleep(Duration::from_secs_f64(limit));
        engine.increment_epoch();
    });
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance
        .get_memory(&mut store, "memory")
        .context("no memory is exported")?;
    let allocate = instance.get_typed_func::<u32, u32>(&mut store, "allocate")?;
    let extract = instance.get_typed_func::<(u32, u32), u32>(&mut store, "extract")?;
    let result = instance.get_typed_func::<(), u32>(&mut store, "result")?;
    let result_length = instance.get_typed_func::<(), u32>(&mut store, "result_length")?;
    eprintln!("set-up {compiled:?}\nstart {:?}", clock.elapsed() - compiled);

    for page in pages {
        let (page, clock) = (fs::read(page)?, Instant::now());
        // 2. Give it the page: in its memory, at an address that it chooses and wasmtime checks.
        let address = allocate.call(&mut store, page.len() as u32)?;
        ensure!(address != 0, "the module has no room for the page");
        memory
            .write(&mut store, address as usize, &page)
            .context("the page's place")?;
        let status = extract.call(&mut store, (kind, page.len() as u32))?;

        // 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
        let (address, length) = (result.call(&mut store, ())?, result_length.call(&mut store, ())?);
        ensure!(status <= 1, "the module returned the status {status}");
        ensure!(length <= MAX_ANSWER_BYTES, "the answer's length: {length} bytes");
        let mut answer = vec![0; length as usize];
        memory
            .read(&store, address as usize, &mut answer)
            .context("the answer's place")?;
        serde_json::from_slice::<Map<String, Value>>(&answer).context("the answer's form")?;
        eprintln!("page {:?}", clock.elapsed());
        println!("{}", String::from_utf8(answer)?);
    }
    Ok(())
}
