//! Hello World as a module: what `hello.wat` says, compiled from Rust. It has the same two imports and the same export,
//! so that the same hosts run it.
//!
//! ```sh
//! cargo xtask guests      # builds it, and prints the path of hello-guest.library.wasm
//! cargo run -p ex1-hello -- target/cache/guests/hello-guest.library.wasm
//! ```
//!
//! The program beside it, `main.rs`, prints the same line under WASI. This one needs neither WASI nor the standard
//! library. `build.rs` tells the linker where the memory comes from.

#![cfg_attr(target_family = "wasm", no_std)]

// region: module
// The function that the host offers.
#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "console")]
unsafe extern "C" {
    safe fn log(offset: *const u8, length: usize);
}

/// The text. The compiler places it in the memory.
pub const TEXT: &str = "Hello World from WebAssembly!";

/// Passes the text to the host.
#[cfg(target_family = "wasm")]
#[unsafe(export_name = "helloWorld")]
pub extern "C" fn hello_world() {
    log(TEXT.as_ptr(), TEXT.len());
}
// endregion: module

/// `no_std` requires one. Nothing here panics, so it is not in the module.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
