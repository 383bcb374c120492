//! The same line printed by Ruby: the interpreter is a WebAssembly module, which runs under Wasmer.

use std::process::ExitStatus;
use std::time::Duration;

use crate::companion::{Error, RUBY_IN_WASM};

/// The program.
const HELLO: &str = r#"puts "Hello World from WebAssembly!""#;

/// Builds Ruby's host if needed, and runs the program. The host fetches and compiles Ruby the first time.
pub fn run(time_limit: Duration) -> Result<ExitStatus, Error> {
    let seconds = time_limit.as_secs().to_string();
    RUBY_IN_WASM.run(["--time-limit".into(), seconds.into(), "-e".into(), HELLO.into()])
}
