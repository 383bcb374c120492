//! WebAssembly on this machine, apart from what a guest does.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`guests`] | builds guests where they are needed, rebuilds them when their source changes |
//! | [`compiled_code`] | compiled WebAssembly, cached on disk and checked before it is trusted |
//! | `guest_limits` (feature `wasmer`) | what a guest under Wasmer may take: memory and time |
//!
//! The programs that run a WASI guest are crates of their own, beside this one: `wasi-host`, and `ruby-in-wasm` for Ruby.
//! They need `wasmer-wasix`, which takes longer to compile than all of this.

pub mod compiled_code;
#[cfg(feature = "wasmer")]
pub mod guest_limits;
pub mod guests;
