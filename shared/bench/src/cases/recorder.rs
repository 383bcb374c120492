//! The recorder of a running bench.

use std::env;
use std::io::{self, Write};

use crate::cases::report::{self, Case, Report, Ruby, Skipped};

/// Collects the measured and the skipped cases, and writes the report at the end.
#[derive(Debug)]
pub struct Recorder {
    report: Report,
}

impl Recorder {
    /// A recorder for the bench of this name, as after `cargo bench --bench`.
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

    /// Adds a measured case.
    pub fn measured(&mut self, case: Case) {
        self.report.cases.push(case);
    }

    /// Adds a skipped case with the reason, and prints both to stderr.
    pub fn skipped(&mut self, id: &str, label: &str, why: &str) {
        _ = writeln!(io::stderr(), "left out: {label} ({id}): {why}");
        self.report.skipped.push(Skipped {
            id: id.to_owned(),
            label: label.to_owned(),
            why: why.to_owned(),
        });
    }

    /// Sets the Ruby that ran in the bench.
    pub fn ruby(&mut self, ruby: Ruby) {
        self.report.ruby = Some(ruby);
    }

    /// Writes the report beside Criterion's directories, if the bench has measured: `cargo test --benches` runs each
    /// case once without timing it, and `--list` only prints names.
    ///
    /// # Errors
    /// If the report can't be written.
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
