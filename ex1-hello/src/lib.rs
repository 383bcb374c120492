//! Hello World as a WebAssembly module written by hand, and the hosts that run it.
//!
//! - [`hello`] runs `hello.wat` under Wasmer: assembles it, links its imports, calls it, and reads the text out of its
//!   memory.
//! - [`serve`] hands the same module to a browser.
//! - [`rust_guest`] runs the same program written in Rust, under WASI, by way of another program ([`companion`]).
//! - [`ruby_guest`] runs it in Ruby, where the module is Ruby itself, by way of another program too.
//!
//! [`source`] reads a module of the reader's own, [`qr`] prints a QR code that leads to the project, and [`cli`] is
//! the command line above them.

pub mod cli;
pub mod companion;
pub mod hello;
pub mod qr;
pub mod ruby_guest;
pub mod rust_guest;
pub mod serve;
pub mod source;
