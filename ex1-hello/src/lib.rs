//! Hello World as a WebAssembly module written by hand, and the hosts that run it.
//!
//! The lesson is `main.rs`, which needs nothing of this library. The library is the second step:
//!
//! - [`untrusted`] runs a module of the reader: the same steps as in the lesson, with limits, a cache and messages.
//!   [`source`] reads the module's file.
//! - [`serve`] serves the module to a browser.
//! - [`rust_guest`] runs the same program written in Rust, under WASI. [`ruby_guest`] runs it in Ruby, where the guest
//!   is the Ruby interpreter itself. Both start another program of this workspace ([`companion`]).
//! - [`qr`] prints a QR code that leads to the project.
//! - [`cli`] is the command line of all of them.

pub mod cli;
pub mod companion;
pub mod qr;
pub mod ruby_guest;
pub mod rust_guest;
pub mod serve;
pub mod source;
pub mod untrusted;
