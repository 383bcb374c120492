//! The drift gauntlet: what five ways to find a number say of a page whose markup drifts.
//!
//!     cargo run -p ex2-parser --example drift-gauntlet
//!     cargo run -p ex2-parser --example drift-gauntlet -- --seed 7 PAGE.html
//!
//! Each of 10,000 seeded changes makes a new page: attributes are renamed, blocks moved, texts changed, labels doubled.
//! A way to find the total is right, says that it can't, or is wrong without a word; the last is what a tracker records
//! for months. Without a file the page is a generated one; with one, such as a package page saved by a browser, its total
//! is what this project reads on it.

mod gauntlet;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Parser;
use sysexits::ExitCode as Exit;
use system::command_line;

/// How many changed pages.
const PAGES: u64 = 10_000;

/// Changes a package page 10,000 times, and prints what five ways to find its total say of each.
#[derive(Debug, Parser)]
struct Arguments {
    /// The page, as HTML; without one, a generated page
    #[arg(value_name = "PAGE")]
    page: Option<PathBuf>,

    /// Make other changes: the same number makes the same ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u32,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    let page = match &arguments.page {
        None => gauntlet::generated_page(),
        Some(file) => match fs::read(file) {
            Ok(page) => String::from_utf8_lossy(&page).into_owned(),
            Err(error) => {
                let message = format!("{}: it can't be read: {error}; is it the right file?", file.display());
                return command_line::fail(Exit::NoInput, message);
            }
        },
    };
    let scores = match gauntlet::run(&page, arguments.seed, PAGES) {
        Ok(scores) => scores,
        Err(error) => return command_line::fail(Exit::DataErr, format!("the page itself gives no answer: {error}")),
    };
    match command_line::print(gauntlet::table(&scores).as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command_line::fail(Exit::IoErr, format!("the table can't be written: {error}")),
    }
}
