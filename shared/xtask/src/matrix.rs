//! Renders a record, compares two records or draws all of them, and splices one into the READMEs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use bench::matrix::record::{Error, Record};
use bench::matrix::{compare, json, lines, part, trend};
use clap::Args;
use system::command_line;

use crate::readme;
use crate::records;
use crate::run::{Cargo, bold};

/// The options of `cargo xtask matrix`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 rendered; 64 a wrong command line; 65 the file is no sound record; 66 there is no record, or none with \
                  exact figures to draw; 73 the plot can't be written."
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
    /// Show all complete records in order: which exact figure changed, and the times
    #[arg(long, conflicts_with_all = ["record", "write", "compare"])]
    trend: bool,
    /// With --trend: also draw the exact figures as lines over the records, in this file
    #[arg(long, value_name = "FILE", requires = "trend")]
    svg: Option<PathBuf>,
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
    if options.trend {
        return show_trend(workspace, options);
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

fn show_trend(workspace: &Path, options: &Options) -> Result<ExitCode> {
    let directory = records::directory(workspace);
    let trend = trend::of(&Record::complete(&directory)?);
    if let Some(path) = &options.svg {
        let Some(svg) = lines::svg(&trend) else {
            let message = format!(
                "{} can't be drawn: no complete record in {} has exact figures; `cargo xtask bench` makes one that has",
                path.display(),
                directory.display()
            );
            return Ok(command_line::fail(sysexits::ExitCode::NoInput, message));
        };
        fs::write(path, svg).map_err(|source| Error::Unwritable {
            path: path.clone(),
            source,
        })?;
        command_line::note(format_args!("{}: written", path.display()));
    }
    match options.json {
        true => print(&(serde_json::to_string_pretty(&trend)? + "\n")),
        false => print(&trend::in_words(&trend)),
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

#[cfg(test)]
mod tests {
    use bench::exact::ExactFigures;
    use bench::matrix::record::SCHEMA;

    use super::*;

    const RECORD: &str = include_str!("../tests/record.json");

    /// Shows the trend of a workspace's records, with a plot.
    fn shown(workspace: &Path, plot: &Path) -> Result<ExitCode> {
        let options = Options {
            record: None,
            write: false,
            json: false,
            compare: None,
            trend: true,
            svg: Some(plot.to_path_buf()),
        };
        run(workspace, &Cargo::new(workspace.to_path_buf()), &options)
    }

    #[test]
    fn a_plot_is_written_only_of_records_with_exact_figures() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path();
        let plot = workspace.join("trend.svg");
        let error = shown(workspace, &plot).unwrap_err();
        let error = error.downcast_ref::<Error>().unwrap();
        assert_eq!(error.exit_code(), sysexits::ExitCode::NoInput);
        assert!(error.to_string().contains("`cargo xtask bench` makes one"), "{error}");

        let records = records::directory(workspace);
        fs::create_dir_all(&records).unwrap();
        let first = records.join("2026-11-22T122031Z.json");
        fs::write(&first, RECORD).unwrap();
        let no_input = ExitCode::from(sysexits::ExitCode::NoInput);
        assert_eq!(shown(workspace, &plot).unwrap(), no_input);
        assert!(!plot.exists());

        let mut record = Record::read(&first).unwrap();
        record.schema = SCHEMA;
        record.recorded_at = "2026-11-23T00:00:00Z".parse().unwrap();
        record.exact_figures = ExactFigures::of_crates(system::workspace()).unwrap();
        record.write(&records).unwrap();
        assert_eq!(shown(workspace, &plot).unwrap(), ExitCode::SUCCESS);
        assert!(fs::read_to_string(&plot).unwrap().contains("<svg "));

        let error = shown(workspace, &workspace.join("missing/trend.svg")).unwrap_err();
        let error = error.downcast_ref::<Error>().unwrap();
        assert_eq!(error.exit_code(), sysexits::ExitCode::CantCreat);
    }
}
