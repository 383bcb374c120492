//! The figures of a run, as JSON and as a table, and the list of all programs.

use std::fmt::Write;

use anyhow::Result;
use bench::matrix::machine::Machine;
use jiff::Timestamp;
use serde::Serialize;

use super::places::{DIRECTORY, Places};
use super::program::{HOSTS, PARSERS};

/// A run of all programs.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) recorded_at: Timestamp,
    pub(super) machine: Machine,
    /// Of the module that all hosts ran.
    pub(super) module_sha256: String,
    pub(super) module_bytes: usize,
    /// The number of pages that every host answered as the native parser does.
    pub(super) pages: usize,
    pub(super) rows: Vec<Row>,
}

/// A program's row.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) outcome: Outcome,
}

/// What came of a program.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// All its answers were right.
    Measured(Times),
    /// Something that it needs is missing.
    Skipped(String),
    /// It failed, or one of its answers was not right.
    Failed(String),
}

/// Times in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Times {
    /// From the module's bytes to compiled code. A parser without a module has no such time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) set_up: Option<f64>,
    /// From compiled code to an instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<f64>,
    /// From a page to its answer, checked: the median.
    pub(super) work: f64,
    /// The whole process with one page.
    pub(super) process: f64,
}

impl Report {
    /// Whether no program failed.
    pub(super) fn is_right(&self) -> bool {
        !self.rows.iter().any(|row| matches!(row.outcome, Outcome::Failed(_)))
    }

    /// A table for a terminal.
    pub(super) fn table(&self, places: &Places) -> Result<String> {
        let mut text = String::new();
        for (title, programs) in [
            ("the module, in", &HOSTS[..]),
            ("beside it, each language's own parser", &PARSERS[..]),
        ] {
            writeln!(
                text,
                "{title:<38} {:>6} {:>10} {:>10} {:>10} {:>10}",
                "lines", "set-up", "start", "work", "process"
            )?;
            for program in programs {
                let row = self.rows.iter().find(|row| row.name == program.name);
                let figures = match row.map(|row| &row.outcome) {
                    None => "not run".to_owned(),
                    Some(Outcome::Skipped(why)) => format!("skipped: {why}"),
                    Some(Outcome::Failed(why)) => format!("FAILED: {why}"),
                    Some(Outcome::Measured(times)) => {
                        let cell = |time: Option<f64>| time.map_or(String::new(), milliseconds);
                        let cells = [times.set_up, times.start, Some(times.work), Some(times.process)].map(cell);
                        cells.map(|cell| format!("{cell:>10}")).join(" ")
                    }
                };
                writeln!(
                    text,
                    "  {:<36} {:>6} {}",
                    program.name,
                    program.lines(places)?,
                    figures.trim_end()
                )?;
            }
            text.push('\n');
        }
        writeln!(
            text,
            "{} pages, each answered by every host as by the native parser.\n\
             The module: {} bytes, SHA-256 {}.\n\
             The programs: {DIRECTORY}. Lines without blank ones. Built without optimisation, what is in Rust.\n\
             Run on {} on {}, {} cores.",
            self.pages,
            self.module_bytes,
            self.module_sha256,
            self.recorded_at.strftime("%-d %B %Y at %H:%M UTC"),
            self.machine.processor,
            self.machine.cores
        )?;
        Ok(text)
    }
}

/// All programs with their files and lines, for the README.
pub(super) fn list(places: &Places) -> Result<String> {
    let mut text = String::new();
    for (title, programs) in [
        ("the module, in", &HOSTS[..]),
        ("beside it, each language's own parser", &PARSERS[..]),
    ] {
        writeln!(text, "{title:<40} {:<28} {:>6}", "file", "lines")?;
        for program in programs {
            writeln!(
                text,
                "  {:<38} {:<28} {:>6}",
                program.name,
                program.source,
                program.lines(places)?
            )?;
        }
    }
    Ok(text)
}

/// Two or three digits, with a unit.
fn milliseconds(time: f64) -> String {
    let (value, unit) = match time {
        1000.0.. => (time / 1000.0, "s"),
        1.0.. => (time, "ms"),
        _ => (time * 1000.0, "µs"),
    };
    match value {
        10.0.. => format!("{value:.0} {unit}"),
        _ => format!("{value:.1} {unit}"),
    }
}
