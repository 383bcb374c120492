//! Prints `Hello World from WebAssembly!`, said by a module written by hand.
//!
//! ```sh
//! cargo run -p ex1-hello
//! cargo run -p ex1-hello -- --help
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    ex1_hello::cli::main()
}
