//! The drift gauntlet: what five ways to find a number say of a page whose markup drifts.
//!
//!     cargo run -p ex2-parser --example drift-gauntlet
//!     cargo run -p ex2-parser --example drift-gauntlet -- PAGE.html
//!
//! Each of 10,000 seeded changes makes a new page: attributes are renamed, blocks moved, texts changed, labels doubled.
//! A way to find the total is right, says that it can't, or is wrong without a word; the last is what a tracker records
//! for months. Without a file the page is a generated one; with one, such as a package page saved by a browser, its total
//! is what this project reads on it.

mod gauntlet;

use std::{env, fs, process::ExitCode};

/// How many changed pages.
const PAGES: u64 = 10_000;

fn main() -> ExitCode {
    let page = match env::args_os().nth(1) {
        None => gauntlet::generated_page(),
        Some(file) => match fs::read(&file) {
            Ok(page) => String::from_utf8_lossy(&page).into_owned(),
            Err(error) => {
                eprintln!("{}: it can't be read: {error}; is it the right file?", file.display());
                return ExitCode::from(66);
            }
        },
    };
    match gauntlet::run(&page, PAGES) {
        Ok(scores) => print!("{}", gauntlet::table(&scores)),
        Err(error) => {
            eprintln!("the page itself gives no answer: {error}");
            return ExitCode::from(65);
        }
    }
    ExitCode::SUCCESS
}
