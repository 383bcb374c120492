//! Runs any WASI program under Wasmer, with arguments and the three standard streams.
//!
//! The program has no access to this machine's files (files that it creates are in memory), to the network, to
//! environment variables, or to other threads and processes. An embedding host can add copies of files, and imports.

mod host;
mod stream;

pub use host::{Error, Host, LIMITS, Process, Program, exit_code};
