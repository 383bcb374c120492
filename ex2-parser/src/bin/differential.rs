//! The differential check for files, on processors and for findings that the tests don't have.
//!
//!     cargo run -p ex2-parser --no-default-features --features differential --bin differential -- FILE…
//!
//! Prints the answer about each file. Ends with a panic where the two engines disagree, or two ways of reading a tag, or
//! two ways of cutting the file into chunks.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use ex2_parser::{differential, stream};

fn main() -> ExitCode {
    let files: Vec<_> = env::args_os().skip(1).collect();
    if files.is_empty() {
        eprintln!("differential: no file is named: differential FILE…");
        return ExitCode::from(64);
    }
    for file in files {
        let path = Path::new(&file);
        let page = match fs::read(path) {
            Ok(page) => page,
            Err(error) => {
                eprintln!("differential: {} can't be read: {error}", path.display());
                return ExitCode::from(66);
            }
        };
        differential::check(&page);
        println!("{}: {:?}", path.display(), stream::package(&page));
    }
    ExitCode::SUCCESS
}
