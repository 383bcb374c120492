//! The drift gauntlet: compares five rules for finding the total, on pages whose markup drifts.
//!
//!     cargo run -p ex2-parser --example drift-gauntlet
//!     cargo run -p ex2-parser --example drift-gauntlet -- --seed 7 PAGE.html
//!
//! It makes 10,000 pages by seeded changes: attributes are renamed, blocks moved, texts changed, labels duplicated. On each
//! page a rule finds the right total, reports an error, or returns a wrong number. A tracker would record wrong numbers
//! for months. Without a file the original page is generated. With a file, such as a package page saved by a browser, the
//! expected total is the one that this project reads on it.

mod gauntlet;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Parser;
use sysexits::ExitCode as Exit;
use system::command_line;

/// The number of changed pages.
const PAGES: u64 = 10_000;

/// Changes a package page 10,000 times, and prints how often each of five rules finds the right total.
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
