//! Runs a WASI program under Wasmer: any program, with arguments, and the three standard streams.
//!
//! The program gets nothing else: no file of this machine (what it creates lives in its memory), no network, no
//! environment variable, no other thread or process. A host that embeds it may hand in more: copies of files, and
//! imports of its own.

mod host;
mod stream;

pub use host::{Error, Host, LIMITS, Process, Program, exit_code};
