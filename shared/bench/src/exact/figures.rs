//! The counts of guests, their file, and their comparison with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use system::command_line::{self, thousands};

use crate::matrix::markdown::{self, Align};

/// The file's name, in the directory of a crate.
pub const FILE: &str = "exact-figures.json";

/// The environment variable that renews the file, as in other projects that keep expected values in files.
pub const UPDATE: &str = "UPDATE_EXPECT";

/// A count may change by so many percent before the file has to be renewed. A compiler's patch release stays below.
const TOLERANCE_PERCENT: u64 = 1;

/// The cell of a count that a guest does not have.
const NONE: &str = "–";

/// The counts of one guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// The SHA-256 of the module, in hexadecimal.
    pub sha256: String,
    /// The module's size in bytes.
    pub module_bytes: u64,
    /// WebAssembly instructions until the guest can be called.
    pub start_instructions: u64,
    /// WebAssembly instructions of the work.
    pub instructions: u64,
    /// Calls of the host's functions by the guest.
    pub host_calls: u64,
    /// Bytes that the host copied into the guest's memory.
    pub bytes_in: u64,
    /// Bytes that the host copied out of the guest's memory.
    pub bytes_out: u64,
    /// Pages of 64 KiB that the guest's memory had at the end.
    pub memory_pages: u64,
    /// The size in bytes of the file that wasmtime compiles the module to, for any x86-64. `None` on another processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled_bytes: Option<u64>,
    /// Instructions of the processor for the same work in a native program, where there is one: see
    /// [`native`](crate::exact::native). `None` also where they can't be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_instructions: Option<u64>,
}

/// One of the counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// The heading in a table.
    pub(crate) heading: &'static str,
    /// `None` if the guest does not have this count.
    pub(crate) value: fn(&Counts) -> Option<u64>,
    /// Whether equal modules have equal counts. Others depend on a compiler too.
    is_of_module: bool,
}

impl Column {
    const fn of_module(heading: &'static str, value: fn(&Counts) -> Option<u64>) -> Self {
        Self {
            heading,
            value,
            is_of_module: true,
        }
    }

    const fn of_compiler(heading: &'static str, value: fn(&Counts) -> Option<u64>) -> Self {
        Self {
            heading,
            value,
            is_of_module: false,
        }
    }
}

impl Counts {
    /// All counts, in the order of a table.
    pub(crate) const COLUMNS: [Column; 9] = [
        Column::of_module("instructions to start", |counts| Some(counts.start_instructions)),
        Column::of_module("instructions to work", |counts| Some(counts.instructions)),
        Column::of_compiler("native instructions", |counts| counts.native_instructions),
        Column::of_module("calls of the host", |counts| Some(counts.host_calls)),
        Column::of_module("bytes in", |counts| Some(counts.bytes_in)),
        Column::of_module("bytes out", |counts| Some(counts.bytes_out)),
        Column::of_module("memory, pages", |counts| Some(counts.memory_pages)),
        Column::of_module("module, bytes", |counts| Some(counts.module_bytes)),
        Column::of_compiler("compiled, bytes", |counts| counts.compiled_bytes),
    ];
}

/// The SHA-256 of a module, in hexadecimal.
#[must_use]
pub fn sha256(module: &[u8]) -> String {
    Sha256::digest(module)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The counts of several guests, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExactFigures(pub BTreeMap<String, Counts>);

/// Why figures can't be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("{} can't be read or written", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} has no exact figures", .path.display())]
    Content { path: PathBuf, source: serde_json::Error },
}

impl ExactFigures {
    /// Reads a file.
    ///
    /// # Errors
    /// If it can't be read, or has other content.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::File {
            path: path.into(),
            source,
        })?;
        serde_json::from_str(&text).map_err(|source| Error::Content {
            path: path.into(),
            source,
        })
    }

    /// The figures of all crates in a directory that have any, by the crate's directory: `ex1-hello`.
    ///
    /// # Errors
    /// If the directory or one of the files can't be read, or a file has other content.
    pub fn of_crates(directory: &Path) -> Result<BTreeMap<String, Self>, Error> {
        let unreadable = |source| Error::File {
            path: directory.into(),
            source,
        };
        let mut figures = BTreeMap::new();
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let file = entry.path().join(FILE);
            if file.is_file() {
                figures.insert(entry.file_name().to_string_lossy().into_owned(), Self::read(&file)?);
            }
        }
        Ok(figures)
    }

    fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).expect("counts are JSON") + "\n";
        fs::write(path, text).map_err(|source| Error::File {
            path: path.into(),
            source,
        })
    }

    /// Compares figures that were just counted with those of a file. With the environment variable [`UPDATE`] the file
    /// is written instead. A count that this machine can't make is not compared, which a note on stderr says.
    ///
    /// # Errors
    /// If the file can't be read or written.
    ///
    /// # Panics
    /// If they differ, naming each difference: a test calls this.
    pub fn assert_as_in(&self, path: &Path) -> Result<(), Error> {
        if env::var_os(UPDATE).is_some() {
            return self.write(path);
        }
        let recorded = Self::read(path)?;
        for missing in self.not_counted(&recorded) {
            command_line::note(format_args!("not compared: {missing} can't be counted on this machine"));
        }
        let differences = self.differences(&recorded);
        assert!(
            differences.is_empty(),
            "{}\nIf that is meant, renew {} with {UPDATE}=1 and splice the READMEs with `cargo xtask readme --write`.",
            differences.join("\n"),
            path.display()
        );
        Ok(())
    }

    /// The recorded counts that were not counted now.
    fn not_counted(&self, recorded: &Self) -> Vec<String> {
        let mut missing = Vec::new();
        for (name, counts) in &self.0 {
            let Some(before) = recorded.0.get(name) else { continue };
            for Column { heading, value, .. } in Counts::COLUMNS {
                if value(counts).is_none() && value(before).is_some() {
                    missing.push(format!("{name}, {heading}"));
                }
            }
        }
        missing
    }

    /// The differences from recorded figures. Equal modules have to have equal counts, as far as these depend on nothing
    /// but the module. Other counts may differ by one percent.
    fn differences(&self, recorded: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for name in recorded.0.keys().filter(|name| !self.0.contains_key(*name)) {
            differences.push(format!("{name} is recorded and was not counted"));
        }
        for (name, counts) in &self.0 {
            let Some(before) = recorded.0.get(name) else {
                differences.push(format!("{name} was counted and is not recorded"));
                continue;
            };
            for column in Counts::COLUMNS {
                let tolerance = match column.is_of_module && counts.sha256 == before.sha256 {
                    true => 0,
                    false => TOLERANCE_PERCENT,
                };
                let Some(now) = (column.value)(counts) else { continue };
                let Some(then) = (column.value)(before) else {
                    differences.push(format!("{name}, {}: {now}, none are recorded", column.heading));
                    continue;
                };
                if now.abs_diff(then) * 100 > then * tolerance {
                    differences.push(format!("{name}, {}: {now}, recorded are {then}", column.heading));
                }
            }
        }
        differences
    }

    /// A Markdown table with a row for each guest, and a column for each count that one of them has.
    #[must_use]
    pub fn markdown(&self) -> String {
        let of_any = |column: &Column| self.0.values().any(|counts| (column.value)(counts).is_some());
        let columns: Vec<Column> = Counts::COLUMNS.into_iter().filter(of_any).collect();
        let mut head = vec![("guest", Align::Left)];
        head.extend(columns.iter().map(|column| (column.heading, Align::Right)));
        head.push(("SHA-256", Align::Left));
        let rows = self.0.iter().map(|(name, counts)| {
            let cell = |column: &Column| (column.value)(counts).map_or(NONE.to_owned(), thousands);
            let mut cells = vec![name.clone()];
            cells.extend(columns.iter().map(cell));
            cells.push(format!("`{}…`", counts.sha256.get(..12).unwrap_or(&counts.sha256)));
            cells
        });
        markdown::table(&head, &rows.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(sha256: &str, instructions: u64) -> ExactFigures {
        let counts = Counts {
            sha256: sha256.into(),
            module_bytes: 1_000,
            start_instructions: 10,
            instructions,
            host_calls: 1,
            bytes_in: 0,
            bytes_out: 12,
            memory_pages: 1,
            compiled_bytes: None,
            native_instructions: None,
        };
        ExactFigures([("guest".to_owned(), counts)].into())
    }

    fn with_native_instructions(mut figures: ExactFigures, native_instructions: u64) -> ExactFigures {
        figures.0.get_mut("guest").unwrap().native_instructions = Some(native_instructions);
        figures
    }

    #[test]
    fn an_equal_module_has_equal_counts_and_another_one_may_differ_by_a_percent() {
        let recorded = figures("a", 10_000);
        assert_eq!(figures("a", 10_000).differences(&recorded), [""; 0]);
        assert_eq!(
            figures("a", 10_001).differences(&recorded),
            ["guest, instructions to work: 10001, recorded are 10000"]
        );
        assert_eq!(figures("b", 10_100).differences(&recorded), [""; 0]);
        assert_eq!(figures("b", 9_900).differences(&recorded), [""; 0]);
        assert_eq!(figures("b", 10_101).differences(&recorded).len(), 1);
        assert_eq!(figures("b", 9_899).differences(&recorded).len(), 1);
    }

    #[test]
    fn a_guest_on_one_side_only_is_named() {
        let none = ExactFigures::default();
        let one = figures("a", 1);
        assert_eq!(one.differences(&none), ["guest was counted and is not recorded"]);
        assert_eq!(none.differences(&one), ["guest is recorded and was not counted"]);
    }

    #[test]
    fn a_count_of_zero_may_not_grow() {
        let mut zero = figures("a", 1);
        zero.0.get_mut("guest").unwrap().host_calls = 0;
        assert_eq!(
            figures("b", 1).differences(&zero),
            ["guest, calls of the host: 1, recorded are 0"]
        );
    }

    #[test]
    fn native_instructions_may_differ_by_a_percent_for_an_equal_module_too() {
        let recorded = with_native_instructions(figures("a", 10), 1_000);
        let now = |native| with_native_instructions(figures("a", 10), native);
        assert_eq!(now(1_010).differences(&recorded), [""; 0]);
        assert_eq!(
            now(1_011).differences(&recorded),
            ["guest, native instructions: 1011, recorded are 1000"]
        );
    }

    #[test]
    fn what_a_machine_cannot_count_is_named_and_not_compared() {
        let (without, recorded) = (figures("a", 10), with_native_instructions(figures("a", 10), 1_000));
        assert_eq!(without.differences(&recorded), [""; 0]);
        assert_eq!(without.not_counted(&recorded), ["guest, native instructions"]);
        assert_eq!(
            recorded.differences(&without),
            ["guest, native instructions: 1000, none are recorded"]
        );
        assert_eq!(recorded.not_counted(&without), [""; 0]);
    }

    #[test]
    fn the_table_has_the_columns_of_any_guest() {
        let mut both = with_native_instructions(figures("a", 10), 1_000);
        both.0.insert("other".to_owned(), figures("b", 10).0["guest"].clone());
        let table = both.markdown();
        assert!(
            table.contains("native instructions") && !table.contains("compiled"),
            "{table}"
        );
        assert!(table.contains("| 1,000 |".trim_start_matches("| ")), "{table}");
        assert!(table.lines().last().unwrap().contains(NONE), "{table}");
    }

    #[test]
    fn the_table_groups_digits() {
        let table = figures("0123456789abcdef", 1_234_567).markdown();
        assert!(
            table.contains(" 1,234,567 |") && table.contains("| `0123456789ab…` |"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 3);
    }

    #[test]
    fn a_file_with_other_content_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        assert!(matches!(ExactFigures::read(&path), Err(Error::File { .. })));
        fs::write(&path, "{\"guest\": 1}").unwrap();
        assert!(matches!(ExactFigures::read(&path), Err(Error::Content { .. })));
        figures("a", 5).write(&path).unwrap();
        assert_eq!(ExactFigures::read(&path).unwrap(), figures("a", 5));
    }

    #[test]
    fn the_figures_of_crates_have_the_names_of_their_directories() {
        let workspace = tempfile::tempdir().unwrap();
        let of_crates = || ExactFigures::of_crates(workspace.path());
        assert!(of_crates().unwrap().is_empty());
        for name in ["counted", "other"] {
            fs::create_dir(workspace.path().join(name)).unwrap();
        }
        let path = workspace.path().join("counted").join(FILE);
        figures("a", 5).write(&path).unwrap();
        assert_eq!(of_crates().unwrap(), [("counted".to_owned(), figures("a", 5))].into());
        fs::write(&path, "{").unwrap();
        assert!(matches!(of_crates(), Err(Error::Content { .. })));
    }
}
