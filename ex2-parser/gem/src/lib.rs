//! The native half of the Ruby gem `wasm_host`.

use magnus::{Error, Ruby};

#[magnus::init]
fn init(ruby: &Ruby) -> Result<(), Error> {
    ruby.define_module("WasmHost")?;
    Ok(())
}
