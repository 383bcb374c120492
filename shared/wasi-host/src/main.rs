//! Runs a WASI program under Wasmer.
fn main() {}
