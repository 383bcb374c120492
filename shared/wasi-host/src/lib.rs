//! Runs a WASI program under Wasmer.
