//! The second half of the lesson: the same page, read by a parser in a sandbox.
//!
//! ```sh
//! cargo xtask guests
//! cargo run -q -p github --bin pages -- package | cargo run -q -p ex2-parser --example total_in_wasm
//! ```
//!
//! A page from the internet is untrusted input. A guest can only compute, so a fault in the parser causes at worst a wrong
//! answer. The guest here has no imports. Its exports are functions of numbers, so the page and the answer go through the
//! guest's memory:
//!
//! 1. The host calls `allocate(length)`, which returns the offset of `length` free bytes.
//! 2. The host writes the page there, and calls `extract(kind, length)`. Kind 0 is a package page.
//! 3. The host reads the answer: JSON of `result_length()` bytes, at the offset `result()`.

use std::io::{self, Read};

use anyhow::{Context, ensure};
use wasmer::{Imports, Instance, Memory, Module, Store, TypedFunction};

/// The place where `cargo xtask guests` puts the module.
const MODULE: &str = "target/wasm32-wasip1/guest/parser_guest.wasm";

fn main() -> anyhow::Result<()> {
    let mut page = Vec::new();
    io::stdin().read_to_end(&mut page)?;
    let module = std::env::args().nth(1).unwrap_or_else(|| MODULE.to_owned());
    let binary =
        std::fs::read(&module).with_context(|| format!("{module} can't be read; `cargo xtask guests` makes it"))?;
    println!("{}", total(&binary, &page)?);
    Ok(())
}

// region: total
/// Returns the exact number of downloads on a package's page, as a guest reads it.
pub fn total(binary: &[u8], page: &[u8]) -> anyhow::Result<u64> {
    // First, the instance: the module with its own memory. The module has no imports.
    let mut store = Store::default();
    let module = Module::new(&store, binary)?;
    let instance = Instance::new(&mut store, &module, &Imports::new())?;
    let exports = &instance.exports;
    let memory: &Memory = exports.get_memory("memory")?;
    let allocate: TypedFunction<u32, u32> = exports.get_typed_function(&store, "allocate")?;
    let extract: TypedFunction<(u32, u32), u32> = exports.get_typed_function(&store, "extract")?;
    let result: TypedFunction<(), u32> = exports.get_typed_function(&store, "result")?;
    let result_length: TypedFunction<(), u32> = exports.get_typed_function(&store, "result_length")?;

    // Then the page goes in. `write` checks that it fits into the guest's memory.
    let length = u32::try_from(page.len())?;
    let offset = allocate.call(&mut store, length)?;
    ensure!(offset != 0, "the guest has no space for a page of {length} bytes");
    memory.view(&store).write(offset.into(), page)?;

    // Next comes the work.
    let status = extract.call(&mut store, 0, length)?;

    // Finally, the answer comes out. Offset and length come from the guest, so they are checked before the host
    // allocates memory. Without the check, a wrong length could cost 4 GB of the host's memory.
    let (offset, length) = (result.call(&mut store)?, result_length.call(&mut store)?);
    let view = memory.view(&store);
    ensure!(
        u64::from(offset) + u64::from(length) <= view.data_size(),
        "the answer is not in the guest's memory"
    );
    let mut answer = vec![0; length as usize];
    view.read(offset.into(), &mut answer)?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    ensure!(status == 0, "the page has no total: {answer}");
    answer["total"].as_u64().context("the answer has no total")
}
// endregion: total
