//! Renders a record, compares two records, and splices one into the READMEs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use bench::matrix::record::Record;
use bench::matrix::{compare, json, part};
use clap::Args;
use system::command_line;

use crate::readme;
use crate::records;
use crate::run::{Cargo, bold};

/// The options of `cargo xtask matrix`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 rendered; 64 a wrong command line; 65 the file is no sound record; 66 there is no record."
)]
pub(crate) struct Options {
    /// The record: a file, or a name as in a README's marker. Default: the newest complete one
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Splice the record into the READMEs' `matrix` markers, and write the plots beside them
    #[arg(long, conflicts_with_all = ["json", "compare"])]
    write: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Compare two records: which of their differences are noise?
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"], conflicts_with = "record")]
    compare: Option<Vec<PathBuf>>,
}

/// Runs `cargo xtask matrix`.
pub(crate) fn run(workspace: &Path, cargo: &Cargo, options: &Options) -> Result<ExitCode> {
    if let Some([before, after]) = options.compare.as_deref() {
        let comparison = compare::compare(&records::named(workspace, before)?, &records::named(workspace, after)?);
        return match options.json {
            true => print(&(serde_json::to_string_pretty(&comparison)? + "\n")),
            false => print(&compare::in_words(&comparison)),
        };
    }
    let record = match &options.record {
        Some(name) => records::named(workspace, name)?,
        None => Record::newest(&records::directory(workspace))?.1,
    };
    if options.write {
        return write(workspace, cargo, &record);
    }
    match options.json {
        true => print(&(serde_json::to_string_pretty(&json::of(&record))? + "\n")),
        false => print(&part::document(&record)),
    }
}

fn write(workspace: &Path, cargo: &Cargo, record: &Record) -> Result<ExitCode> {
    if !record.is_complete() {
        let message = format!(
            "{} is of a quick run, of only some benches, or of a run with a failure: too little for a README",
            record.name()
        );
        return Ok(command_line::fail(sysexits::ExitCode::DataErr, message));
    }
    // A README names its record, and the tests read it from the workspace's records.
    Record::read(&records::file_of(workspace, &record.name()))?;
    readme::splice_record(workspace, cargo, record)
}

/// Prints Markdown, in a terminal with bold headings.
fn print(text: &str) -> Result<ExitCode> {
    let styled = |line: &str| match line.starts_with('#') {
        true => bold(line) + "\n",
        false => format!("{line}\n"),
    };
    command_line::print_styled(&text.lines().map(styled).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}
