//! Hello World as a WASI program: what `hello.wat` says, in four lines of Rust.
//!
//! ```sh
//! cargo run -p ex1-hello -- --guest rust
//! ```
//!
//! Nothing here names WebAssembly. The standard library does for `wasm32-wasip1` what it does for any system: it
//! passes the text to the system's way of writing, here the function `fd_write` that the host offers.

fn main() {
    println!("Hello World from WebAssembly!");
}
