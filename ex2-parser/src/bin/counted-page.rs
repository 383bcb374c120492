//! Reads one page, in a function whose instructions are counted: see `bench::exact::native`.
//!
//!     cargo build -p ex2-parser --release --no-default-features --features differential --bin counted-page
//!     valgrind --tool=callgrind --toggle-collect='*counted_work*' target/release/counted-page stream FILE

use std::process::ExitCode;
use std::{env, fs};

use ex2_parser::{Error, Package, dom, stream};

/// Not inlined, so that the function has its name in the program.
#[inline(never)]
fn counted_work(read: fn(&[u8]) -> Result<Package, Error>, page: &[u8]) -> Result<Package, Error> {
    read(page)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [engine, file] = &arguments[..] else {
        eprintln!("counted-page: an engine and a file are needed: counted-page dom|stream FILE");
        return ExitCode::from(64);
    };
    let read = match engine.to_str() {
        Some("dom") => dom::package,
        Some("stream") => stream::package,
        _ => {
            eprintln!("counted-page: the engine is dom or stream, not {}", engine.display());
            return ExitCode::from(64);
        }
    };
    let page = match fs::read(file) {
        Ok(page) => page,
        Err(error) => {
            eprintln!("counted-page: {} can't be read: {error}", file.display());
            return ExitCode::from(66);
        }
    };
    match counted_work(read, &page) {
        Ok(package) => {
            println!("{}", package.total);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("counted-page: {}: {error}", file.display());
            ExitCode::from(65)
        }
    }
}
