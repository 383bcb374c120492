//! The parser as a WebAssembly module.
