//! The counts of guests, their file, and their comparison with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::{Deserialize, Serialize};
use system::command_line::thousands;

use crate::matrix::markdown::{self, Align};

/// The file's name, in the directory of a crate.
pub const FILE: &str = "exact-figures.json";

/// The environment variable that renews the file, as in other projects that keep expected values in files.
pub const UPDATE: &str = "UPDATE_EXPECT";

/// A count may change by so many percent before the file has to be renewed. A compiler's patch release stays below.
const TOLERANCE_PERCENT: u64 = 1;

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
}

/// Reads a value of a guest's counts.
pub(crate) type Column = fn(&Counts) -> u64;

impl Counts {
    /// The columns of the table, with their headings.
    pub(crate) const COLUMNS: [(&str, Column); 7] = [
        ("instructions to start", |counts| counts.start_instructions),
        ("instructions to work", |counts| counts.instructions),
        ("calls of the host", |counts| counts.host_calls),
        ("bytes in", |counts| counts.bytes_in),
        ("bytes out", |counts| counts.bytes_out),
        ("memory, pages", |counts| counts.memory_pages),
        ("module, bytes", |counts| counts.module_bytes),
    ];
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
    /// is written instead.
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
        let differences = self.differences(&Self::read(path)?);
        assert!(
            differences.is_empty(),
            "{}\nIf that is meant, renew {} with {UPDATE}=1 and splice the READMEs with `cargo xtask readme --write`.",
            differences.join("\n"),
            path.display()
        );
        Ok(())
    }

    /// The differences from recorded figures. Equal modules have to have equal counts, others may differ by
    /// one percent.
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
            let tolerance = match counts.sha256 == before.sha256 {
                true => 0,
                false => TOLERANCE_PERCENT,
            };
            for (column, value) in Counts::COLUMNS {
                let (now, then) = (value(counts), value(before));
                if now.abs_diff(then) * 100 > then * tolerance {
                    differences.push(format!("{name}, {column}: {now}, recorded are {then}"));
                }
            }
        }
        differences
    }

    /// A Markdown table with a row for each guest.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut head = vec![("guest", Align::Left)];
        head.extend(Counts::COLUMNS.map(|(heading, _)| (heading, Align::Right)));
        head.push(("SHA-256", Align::Left));
        let rows = self.0.iter().map(|(name, counts)| {
            let mut cells = vec![name.clone()];
            cells.extend(Counts::COLUMNS.map(|(_, value)| thousands(value(counts))));
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
        };
        ExactFigures([("guest".to_owned(), counts)].into())
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
