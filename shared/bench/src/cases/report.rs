//! The report as it is stored.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use system::cache;

/// What one bench measured, and what it didn't.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The bench's name, as after `cargo bench --bench`.
    pub bench: String,
    /// What was measured, in the order of measuring.
    pub cases: Vec<Case>,
    /// What was not.
    pub skipped: Vec<Skipped>,
    /// The Ruby that ran in the bench, where one did.
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
    /// Its name for programs, the same in every run: `wat/wasmer-cranelift`. Criterion's group is called so too.
    pub id: String,
    /// Its name for readers.
    pub label: String,
    /// What is done.
    pub row: Row,
    /// What one unit of its work runs in.
    pub model: Model,
    /// Who does it.
    pub column: Column,
    /// What runs it, with its version: `Wasmer 7.4.2, Cranelift`.
    pub engine: String,
    /// The versions of everything whose version may change the figure, by name.
    pub versions: BTreeMap<String, String>,
    /// The size of the guest, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_bytes: Option<u64>,
    /// The size of what the guest was compiled to, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled_bytes: Option<u64>,
    /// The directories of its figures, below Criterion's; [`estimates`] is the file in there.
    pub steps: BTreeMap<Step, String>,
}

/// A case that was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The id that it would have.
    pub id: String,
    /// Its name for readers.
    pub label: String,
    /// What is missing, and where there is a next step, that.
    pub why: String,
}

impl Skipped {
    /// Whether the case with that id was left out by this, alone or with a group of cases: `ruby` leaves out `ruby/puts`.
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
    /// Whether it has YJIT, and its cases therefore stand twice, without and with it.
    pub yjit: bool,
    /// `RUBY_DESCRIPTION`, of the one without YJIT.
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
            /// Every one, in the order of the matrix.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As readers and files call it.
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
    /// What is done.
    Row {
        /// The line, said by something that is loaded already.
        HelloWorld = "Hello World",
        /// A package page to its counts.
        HtmlParser = "HTML Parser",
        /// A process that says the line once.
        ProcessStart = "Process start",
        /// A call that does nothing.
        Call = "Call",
    }
}

impl Row {
    /// One unit of its work.
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
    /// What one unit of a case's work runs in. Figures of two models say nothing about each other.
    Model {
        /// What is loaded and warm already: an instance, a virtual machine, or the process itself.
        Call = "call",
        /// A fresh instance, which can do it once: a WASI program, from its start to its end.
        Start = "start",
        /// A process of its own.
        Process = "process",
    }
}

names! {
    /// Who does it.
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
        /// What the work can't be done below.
        Floor = "Floor",
        /// A shortcut, not a parser.
        Shortcut = "Shortcut",
    }
}

names! {
    /// A part of what a case takes. The directory is called so as well.
    Step {
        /// From text to a module.
        Assemble = "assemble",
        /// From a module to machine code, or from nothing to an interpreter that can work: what is done once.
        Setup = "setup",
        /// Compiled code from the disk, checked and loaded.
        Load = "load",
        /// A loaded module to an instance with its own memory.
        Instantiate = "instantiate",
        /// From the code on the disk to an instance that can be called: load, instantiate. The work is no part of it.
        Ready = "ready",
        /// Text to the first answer: assemble, set up, instantiate, work.
        StartFromText = "start from text",
        /// A module to the first answer: set up, instantiate, work.
        StartFromBinary = "start from binary",
        /// From the code on the disk to the first answer: load, instantiate, work. A process, to its end.
        Start = "start",
        /// One unit of the row's work, by what is loaded and warm.
        Work = "work",
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read or written.
    #[error("{}: {cause}; `cargo bench` writes it", path.display())]
    File {
        /// The report's file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is not a report.
    #[error("{} is no bench's report: {cause}; `cargo bench` writes it anew", path.display())]
    Content {
        /// The report's file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

/// Criterion's directory, for programs that lie in a target directory: `CRITERION_HOME` or the target directory's.
#[must_use]
pub fn directory() -> Option<PathBuf> {
    env::var_os("CRITERION_HOME").map(PathBuf::from).or_else(|| {
        let executable = env::current_exe().ok()?;
        Some(cache::target_directory(&executable)?.join("criterion"))
    })
}

/// The file with Criterion's estimates for a case's step.
#[must_use]
pub fn estimates(criterion: &Path, step: &str) -> PathBuf {
    criterion.join(step).join("new/estimates.json")
}

impl Case {
    /// A case with nothing measured yet.
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

    /// Notes that a step is measured, and returns the name for it in Criterion's group, which is called as `id` is.
    pub fn measures(&mut self, step: Step) -> &'static str {
        self.steps.insert(step, step_directory(&self.id, step.name()));
        step.name()
    }
}

impl Report {
    /// The file of a bench's report.
    #[must_use]
    pub fn path(criterion: &Path, bench: &str) -> PathBuf {
        criterion.join(format!("cases-{bench}.json"))
    }

    /// Reads what a bench wrote.
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

    /// Writes the report, whole or not at all.
    ///
    /// # Errors
    /// If it can't be written.
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

/// The directory that Criterion makes for a function of a group, below its own.
fn step_directory(group: &str, function: &str) -> String {
    format!("{}/{}", file_name(group), file_name(function))
}

/// Criterion's way to make a name fit for a file system.
fn file_name(name: &str) -> String {
    const LONGEST: usize = 64;
    let replaced = name.replace(['?', '"', '/', '\\', '*', '<', '>', ':', '|', '^'], "_");
    let cut = &replaced[..replaced.floor_char_boundary(LONGEST)];
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
