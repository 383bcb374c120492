//! Prints the download count that a package page of ghcr.io shows.
//!
//! ```sh
//! cargo run -q -p github --bin pages -- package | cargo run -q -p ex2-parser
//! cargo run -p ex2-parser -- --help
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    ex2_parser::cli::main()
}
