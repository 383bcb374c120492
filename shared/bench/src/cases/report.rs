//! The report of a bench, as its JSON file stores it.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use system::cache;

/// The measured and the skipped cases of one bench.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The bench's name, as after `cargo bench --bench`.
    pub bench: String,
    /// The measured cases, in the order of measuring.
    pub cases: Vec<Case>,
    /// The skipped cases.
    pub skipped: Vec<Skipped>,
    /// The Ruby that ran in the bench; `None` for a bench without Ruby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruby: Option<Ruby>,
}

/// One way to do a row's work.
///
/// ```
/// # use bench::cases::{Case, Column, Model, Row, Step};
/// let (row, column) = (Row::HelloWorld, Column::Rust);
/// let mut case = Case::new("native", "Rust, one write", row, Model::Call, column, "native code");
/// // criterion.benchmark_group(&case.id).bench_function(case.measures(Step::Work), …)
/// assert_eq!(case.measures(Step::Work), "work");
/// assert_eq!(case.steps[&Step::Work], "native/work");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The name for programs, stable between runs: `wat/wasmer-cranelift`. Also the name of Criterion's group.
    pub id: String,
    /// The name for readers.
    pub label: String,
    /// The kind of work.
    pub row: Row,
    /// Where one unit of the work runs.
    pub model: Model,
    /// The implementation.
    pub column: Column,
    /// The engine with its version: `Wasmer 7.4.2, Cranelift`.
    pub engine: String,
    /// The versions of all software that can change the figure, by name.
    pub versions: BTreeMap<String, String>,
    /// The size of the guest, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_bytes: Option<u64>,
    /// The size of the guest's compiled code, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled_bytes: Option<u64>,
    /// The directory of each figure, relative to Criterion's; [`estimates`] is the path of its file.
    pub steps: BTreeMap<Step, String>,
}

/// A case that the bench did not measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The id of the case, or of a group of cases.
    pub id: String,
    /// The name for readers.
    pub label: String,
    /// The reason, for example a missing program, and how to install it.
    pub why: String,
}

impl Skipped {
    /// Whether this skips the case `id`, alone or in a group: `ruby` skips `ruby/puts`.
    pub fn covers(&self, id: &str) -> bool {
        id.strip_prefix(&*self.id)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The Ruby that ran in the bench.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruby {
    /// `RUBY_VERSION`.
    pub version: String,
    /// Whether this Ruby has YJIT. Then each of its cases is measured twice: without and with YJIT.
    pub yjit: bool,
    /// `RUBY_DESCRIPTION` without YJIT.
    pub description: String,
}

macro_rules! names {
    ($(#[$about:meta])* $kind:ident { $($(#[$note:meta])* $name:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $kind {
            $($(#[$note])* #[serde(rename = $text)] $name,)*
        }

        impl $kind {
            /// All variants, in the order of the matrix.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in tables and in files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.name())
            }
        }
    };
}

names! {
    /// A kind of work: a row of the matrix.
    Row {
        /// Print the line, by loaded code.
        HelloWorld = "Hello World",
        /// Read the counts of a package page.
        HtmlParser = "HTML Parser",
        /// Run a process that prints the line once.
        ProcessStart = "Process start",
        /// An empty call.
        Call = "Call",
    }
}

impl Row {
    /// One unit of the work, for the head of a table.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::HelloWorld => "one line written",
            Self::HtmlParser => "one page read",
            Self::ProcessStart => "one process, from its start to its end",
            Self::Call => "one call",
        }
    }
}

names! {
    /// Where one unit of a case's work runs. Figures of two models are not compared.
    Model {
        /// In a loaded and warm instance, virtual machine or process.
        Call = "call",
        /// In a fresh instance, which runs once: a WASI program, from its start to its end.
        Start = "start",
        /// In a new process.
        Process = "process",
    }
}

names! {
    /// An implementation: a column of the matrix.
    Column {
        /// A library in C, called from Ruby.
        NativeC = "Native C",
        /// Ruby code in CRuby.
        Ruby = "Ruby",
        /// Native code, compiled from Rust.
        Rust = "Rust",
        /// A module written by hand.
        Wat = "Wat2wasm",
        /// A module compiled from Rust.
        RustInWasm = "Wasm (Rust)",
        /// CRuby itself, compiled to WebAssembly.
        RubyInWasm = "Ruby in Wasm",
        /// A module that the gem runs.
        WasmFromRuby = "Wasm from Ruby",
        /// Native code that the gem calls.
        RustFromRuby = "Rust from Ruby",
        /// A part of the work: a lower bound of its time.
        Floor = "Floor",
        /// A shortcut, not a parser.
        Shortcut = "Shortcut",
    }
}

names! {
    /// A measured step of a case. Also the name of its directory.
    Step {
        /// From Wat to a binary module.
        Assemble = "assemble",
        /// Done once: compile a module to machine code, or start an interpreter.
        Setup = "setup",
        /// Read compiled code from the disk, check and load it.
        Load = "load",
        /// From a loaded module to an instance with its own memory.
        Instantiate = "instantiate",
        /// From compiled code on the disk to an instance: load, instantiate; without the work.
        Ready = "ready",
        /// From Wat to the first answer: assemble, set up, instantiate, work.
        StartFromText = "start from text",
        /// From a binary module to the first answer: set up, instantiate, work.
        StartFromBinary = "start from binary",
        /// From compiled code on the disk to the first answer: load, instantiate, work. Of a process: until its end.
        Start = "start",
        /// One unit of the row's work, loaded and warm.
        Work = "work",
    }
}

/// The report can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read or written.
    #[error("{}: {cause}; `cargo bench` writes it", path.display())]
    File {
        /// The report's file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The file's content is not a report.
    #[error("{} is no bench's report: {cause}; `cargo bench` writes it anew", path.display())]
    Content {
        /// The report's file.
        path: PathBuf,
        /// The error of the JSON parser.
        cause: serde_json::Error,
    },
}

/// Criterion's directory: `CRITERION_HOME`, or `criterion` in the target directory of the running program.
#[must_use]
pub fn directory() -> Option<PathBuf> {
    env::var_os("CRITERION_HOME").map(PathBuf::from).or_else(|| {
        let executable = env::current_exe().ok()?;
        Some(cache::target_directory(&executable)?.join("criterion"))
    })
}

/// The file with Criterion's estimates of a step, a value of [`Case::steps`].
#[must_use]
pub fn estimates(criterion: &Path, step: &str) -> PathBuf {
    criterion.join(step).join("new/estimates.json")
}

impl Case {
    /// A case without steps and sizes.
    pub fn new(
        id: impl Into<String>,
        label: impl Into<String>,
        row: Row,
        model: Model,
        column: Column,
        engine: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            row,
            model,
            column,
            engine: engine.into(),
            versions: BTreeMap::new(),
            guest_bytes: None,
            compiled_bytes: None,
            steps: BTreeMap::new(),
        }
    }

    /// Adds a measured step, and returns its function name in Criterion's group `id`.
    pub fn measures(&mut self, step: Step) -> &'static str {
        self.steps.insert(step, step_directory(&self.id, step.name()));
        step.name()
    }
}

impl Report {
    /// The file of a bench's report, in Criterion's directory.
    #[must_use]
    pub fn path(criterion: &Path, bench: &str) -> PathBuf {
        criterion.join(format!("cases-{bench}.json"))
    }

    /// Reads the report of a bench.
    ///
    /// # Errors
    /// If the bench didn't run, or another version of this crate wrote the file.
    pub fn read(criterion: &Path, bench: &str) -> Result<Self, Error> {
        let path = Self::path(criterion, bench);
        let text = fs::read(&path).map_err(|cause| Error::File {
            path: path.clone(),
            cause,
        })?;
        serde_json::from_slice(&text).map_err(|cause| Error::Content { path, cause })
    }

    /// Writes the report atomically.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write(&self, criterion: &Path) -> Result<(), Error> {
        let path = Self::path(criterion, &self.bench);
        let text = serde_json::to_string_pretty(self).map_err(|cause| Error::Content {
            path: path.clone(),
            cause,
        })?;
        let written = || {
            fs::create_dir_all(criterion)?;
            let mut file = tempfile::NamedTempFile::new_in(criterion)?;
            writeln!(file, "{text}")?;
            file.persist(&path)?;
            io::Result::Ok(())
        };
        written().map_err(|cause| Error::File {
            path: path.clone(),
            cause,
        })
    }
}

/// The directory that Criterion makes for a function of a group, relative to its own.
fn step_directory(group: &str, function: &str) -> String {
    format!("{}/{}", file_name(group), file_name(function))
}

/// A name as Criterion makes a file name of it.
fn file_name(name: &str) -> String {
    const MAX_BYTES: usize = 64;
    let replaced = name.replace(['?', '"', '/', '\\', '*', '<', '>', ':', '|', '^'], "_");
    let cut = &replaced[..replaced.floor_char_boundary(MAX_BYTES)];
    if cfg!(windows) {
        cut.trim_end().to_lowercase()
    } else {
        cut.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            bench: "hello".to_owned(),
            cases: vec![Case {
                id: "wat/wasmer-cranelift".to_owned(),
                label: "Wat, Wasmer, Cranelift".to_owned(),
                row: Row::HelloWorld,
                model: Model::Call,
                column: Column::Wat,
                engine: "Wasmer 7.4.2, Cranelift".to_owned(),
                versions: [("wasmer".to_owned(), "7.4.2".to_owned())].into(),
                guest_bytes: Some(240),
                compiled_bytes: None,
                steps: [(
                    Step::StartFromText,
                    step_directory("wat/wasmer-cranelift", "start from text"),
                )]
                .into(),
            }],
            skipped: vec![Skipped {
                id: "ruby/puts".to_owned(),
                label: "Ruby".to_owned(),
                why: "no Ruby".to_owned(),
            }],
            ruby: None,
        }
    }

    #[test]
    fn a_group_of_cases_is_left_out_at_once() {
        let skipped = |id: &str| Skipped {
            id: id.to_owned(),
            ..report().skipped.remove(0)
        };
        assert!(skipped("ruby").covers("ruby") && skipped("ruby").covers("ruby/puts"));
        assert!(!skipped("ruby").covers("ruby-in-wasm/puts") && !skipped("ruby/puts").covers("ruby"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let criterion = tempfile::tempdir().unwrap();
        let directory = criterion.path().join("new");
        report().write(&directory).unwrap();
        assert_eq!(Report::read(&directory, "hello").unwrap(), report());
        assert_eq!(
            fs::read_dir(&directory).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn names_are_written_as_readers_read_them() {
        let text = serde_json::to_string(&report().cases[0]).unwrap();
        for part in [
            r#""row":"Hello World""#,
            r#""model":"call""#,
            r#""column":"Wat2wasm""#,
            r#""steps":{"start from text":"wat_wasmer-cranelift/start from text"}"#,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        for column in Column::ALL {
            assert_eq!(serde_json::to_value(column).unwrap(), column.name());
        }
    }

    #[test]
    fn a_missing_and_a_foreign_file_are_named() {
        let criterion = tempfile::tempdir().unwrap();
        let error = Report::read(criterion.path(), "hello").unwrap_err().to_string();
        assert!(
            error.contains("cases-hello.json") && error.contains("cargo bench"),
            "{error}"
        );
        fs::write(Report::path(criterion.path(), "hello"), "{}").unwrap();
        let error = Report::read(criterion.path(), "hello").unwrap_err().to_string();
        assert!(error.contains("no bench's report"), "{error}");
    }

    #[test]
    fn a_long_name_is_cut_as_criterion_cuts_it() {
        assert_eq!(
            step_directory("a/b:c", &"ü".repeat(40)),
            format!("a_b_c/{}", "ü".repeat(32))
        );
    }
}
