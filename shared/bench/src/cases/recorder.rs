//! What a bench keeps while it runs.

use std::env;
use std::io::{self, Write};

use crate::cases::report::{self, Case, Report, Ruby, Skipped};

/// Collects what is measured and what is left out, and writes the report at the end.
#[derive(Debug)]
pub struct Recorder {
    report: Report,
}

impl Recorder {
    /// An empty report of a bench.
    #[must_use]
    pub fn new(bench: &str) -> Self {
        Self {
            report: Report {
                bench: bench.to_owned(),
                cases: Vec::new(),
                skipped: Vec::new(),
                ruby: None,
            },
        }
    }

    /// Adds a case that was measured.
    pub fn measured(&mut self, case: Case) {
        self.report.cases.push(case);
    }

    /// Adds a case that is not measured, and says so on stderr.
    pub fn skipped(&mut self, id: &str, label: &str, why: &str) {
        _ = writeln!(io::stderr(), "left out: {label} ({id}): {why}");
        self.report.skipped.push(Skipped {
            id: id.to_owned(),
            label: label.to_owned(),
            why: why.to_owned(),
        });
    }

    /// Says which Ruby ran.
    pub fn ruby(&mut self, ruby: Ruby) {
        self.report.ruby = Some(ruby);
    }

    /// Writes the report beside Criterion's directories, if anything was measured: `cargo test --benches` runs each
    /// case once and times nothing, and a list of names measures nothing either.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn finish(self) -> Result<(), report::Error> {
        let mut arguments = env::args().skip(1);
        let measures = arguments.any(|argument| argument == "--bench")
            && !env::args().any(|argument| argument == "--test" || argument == "--list");
        match report::directory() {
            Some(directory) if measures => self.report.write(&directory),
            _ => Ok(()),
        }
    }
}
