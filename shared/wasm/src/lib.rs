//! Guests and their compiled code, independent of what a guest does.
//!
//! | module | content |
//! | --- | --- |
//! | [`guests`] | builds guests, and rebuilds them when their source changes |
//! | [`compiled_code`] | compiled WebAssembly, cached on disk and checked before use |
//! | [`compile_process`] | compiles in a process that can be ended |
//! | `guest_limits` (feature `wasmer`) | limits on a guest's memory and time under Wasmer |
//!
//! The hosts of WASI programs are other crates, `wasi-host` and `ruby-in-wasm`, because they need `wasmer-wasix`, which
//! takes longer to compile than this crate with all its dependencies.

pub mod compile_process;
pub mod compiled_code;
#[cfg(feature = "wasmer")]
pub mod guest_limits;
pub mod guests;
