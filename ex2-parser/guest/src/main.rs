//! The parser as a WASI command: a page on standard input, JSON on standard output.
//!
//! Under any WASI runtime, with `package` (the default), `list` or `versions` as its argument:
//!
//! ```sh
//! cargo xtask guests
//! cargo run -q -p github --bin pages -- package | wasmtime parser-guest.wasm
//! ```
//!
//! Exit codes: 0 with an answer; 64 for an unknown argument; 65 for a page without one, and the error as JSON on
//! standard error; 66 if standard input can't be read; 74 if the answer can't be written.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

#[cfg(not(feature = "stream"))]
use ex2_parser::dom as engine;
#[cfg(feature = "stream")]
use ex2_parser::stream as engine;
use ex2_parser::{Error, Json, MAX_PAGE_BYTES};

const USAGE: u8 = 64;
const DATA_ERROR: u8 = 65;
const NO_INPUT: u8 = 66;
const IO_ERROR: u8 = 74;

fn main() -> ExitCode {
    let read: fn(&[u8]) -> Result<String, Error> = match std::env::args().nth(1).as_deref() {
        None | Some("package") => |page| engine::package(page).map(|answer| answer.to_json()),
        Some("list") => |page| engine::package_list(page).map(|answer| answer.to_json()),
        Some("versions") => |page| engine::version_list(page).map(|answer| answer.to_json()),
        Some(_) => return fail(USAGE, "the argument is `package`, `list` or `versions`"),
    };
    let mut page = Vec::new();
    // One byte above the limit is enough to detect a page that is too large.
    if let Err(error) = io::stdin()
        .lock()
        .take(MAX_PAGE_BYTES as u64 + 1)
        .read_to_end(&mut page)
    {
        return fail(NO_INPUT, &format!("standard input can't be read: {error}"));
    }
    match read(&page) {
        Ok(answer) => match writeln!(io::stdout(), "{answer}") {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                fail(IO_ERROR, &format!("the answer can't be written: {error}"))
            }
            _ => ExitCode::SUCCESS,
        },
        Err(error) => fail(DATA_ERROR, &error.to_json()),
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    // If standard error is closed, the exit code still reports the failure.
    _ = writeln!(io::stderr(), "{message}");
    ExitCode::from(code)
}
