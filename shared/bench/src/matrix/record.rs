//! The record of one run: written once, never changed, checked each time it is read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cases::{Case, Ruby, Skipped};
use crate::exact::ExactFigures;
use crate::json_file;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sysexits::ExitCode;

use crate::matrix::machine::{Commit, Load, Machine};
use crate::matrix::{Interval, model};

/// The schema that this version writes. Each schema has other fields.
pub const SCHEMA: u32 = 5;

/// The oldest schema that can be read. Schema 1 had no field `rounds`: there was one round. Schemas 1 and 2 called
/// `cases` `cells`, and `skipped` `left_out`. Schemas 1 to 3 had no models, and 1 to 4 no exact figures.
const OLDEST_SCHEMA: u32 = 1;

/// The largest file that is read. A record has some hundred kilobytes.
const MAX_BYTES: u64 = 16 << 20;

/// The figures of one run, and its conditions.
///
/// The talk's slide "Your machine" saves a record of a browser's figures. `shared/xtask/tests/browser-record.json` has
/// only the required fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// When the run ended.
    pub recorded_at: Timestamp,
    /// Whether it was a short trial run. Its figures are too coarse for a README.
    pub quick: bool,
    /// The number of rounds; see [`crate::matrix::rounds`].
    #[serde(default = "one")]
    pub rounds: u32,
    /// Whether all benches of the workspace were run.
    pub all_benches: bool,
    /// The machine.
    pub machine: Machine,
    /// The load before the run.
    pub load_before: Option<Load>,
    /// The load after the run.
    pub load_after: Option<Load>,
    /// The compiler of the native code, with its version.
    pub rustc: String,
    /// The commit that was built; `None` outside of a checkout.
    pub commit: Option<Commit>,
    /// The figures that don't depend on the hour, by the directory of their crate: a copy of the files
    /// `exact-figures.json` in the checkout. A browser's record has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exact_figures: BTreeMap<String, ExactFigures>,
    /// The benches, in the order of running.
    pub benches: Vec<Bench>,
}

/// The figures of one bench.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bench {
    /// The name, as after `cargo bench --bench`.
    pub name: String,
    /// The duration of all its rounds.
    pub seconds: f64,
    /// Why it failed; then figures may be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The Ruby that ran in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruby: Option<Ruby>,
    /// The measured cases.
    #[serde(alias = "cells")]
    pub cases: Vec<Case>,
    /// The skipped cases.
    #[serde(alias = "left_out")]
    pub skipped: Vec<Skipped>,
    /// The figures, by Criterion's directory of each.
    pub estimates: BTreeMap<String, Estimates>,
    /// The requests a second in each round, by the server and the number of connections.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, Vec<f64>>,
}

/// Criterion's estimates of one function, in nanoseconds a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimates {
    /// Criterion's name of the function.
    pub id: String,
    /// The confidence level of the intervals, 0 to 1.
    pub confidence: f64,
    /// The number of samples; each is the mean of several calls.
    pub samples: usize,
    /// The median of the samples. Tables show it, because a pause of the machine during some samples does not change
    /// it.
    pub median: Interval,
    /// The mean of all samples.
    pub mean: Interval,
    /// The slope of Criterion's linear regression, if its sampling mode was linear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slope: Option<Interval>,
    /// The median of each round in nanoseconds, if there were several. The other fields are of the round with the
    /// least.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<f64>,
}

fn one() -> u32 {
    1
}

/// A record can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file does not exist, or it can't be read.
    #[error("{path} can't be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is larger than any record.
    #[error("{path} is no record: it has more than {} MiB", MAX_BYTES >> 20, path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file's content is not a record.
    #[error("{path} is no record: {source}", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
    /// Another version of this program wrote the record.
    #[error("{path} is a record of schema {found}, and this program reads schemas {OLDEST_SCHEMA} to {SCHEMA}", path = path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u64,
    },
    /// The record contradicts itself, or has texts that are unsafe to print.
    #[error("{path} is no sound record: {problem}", path = path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// The problem, as text.
        problem: String,
    },
    /// The directory has no complete record.
    #[error("{directory} has no complete record; `cargo xtask bench` makes one, and `cargo xtask matrix --record FILE` shows another", directory = directory.display())]
    None {
        /// The directory.
        directory: PathBuf,
    },
    /// The file exists, and a record is never overwritten.
    #[error("{path} exists already, and a record is never overwritten", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be written.
    #[error("{path} can't be written: {source}", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl Error {
    /// The exit code, as in `sysexits.h`.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unreadable { .. } | Self::None { .. } => ExitCode::NoInput,
            Self::TooLarge { .. } | Self::Foreign { .. } | Self::Schema { .. } | Self::Unsound { .. } => {
                ExitCode::DataErr
            }
            Self::Exists { .. } | Self::Unwritable { .. } => ExitCode::CantCreat,
        }
    }
}

impl Record {
    /// The file name without `.json`: the time of recording, without the colons that some file systems refuse.
    pub fn name(&self) -> String {
        self.recorded_at.strftime("%Y-%m-%dT%H%M%SZ").to_string()
    }

    /// Whether READMEs can show it: a full run of all benches, without a failure.
    pub fn is_complete(&self) -> bool {
        self.all_benches && !self.quick && self.benches.iter().all(|bench| bench.failed.is_none())
    }

    /// The Ruby of the first bench with Ruby.
    pub fn ruby(&self) -> Option<&Ruby> {
        self.benches.iter().find_map(|bench| bench.ruby.as_ref())
    }

    /// Writes the record to a new file in `directory`, atomically, and returns its path.
    ///
    /// # Errors
    /// If a record of that name exists, or the file can't be written.
    pub fn write(&self, directory: &Path) -> Result<PathBuf, Error> {
        let path = directory.join(format!("{}.json", self.name()));
        let unwritable = |source| Error::Unwritable {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(directory).map_err(unwritable)?;
        let file = json_file::beside(directory, self).map_err(unwritable)?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(Error::Exists { path }),
            Err(error) => Err(unwritable(error.error)),
        }
    }

    /// Reads a record and validates it: its figures are possible, and its texts are safe to print.
    ///
    /// # Errors
    /// If the file can't be read, or is no sound record.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let path = path.to_path_buf();
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        match read {
            Err(source) => return Err(Error::Unreadable { path, source }),
            Ok(length) if length as u64 > MAX_BYTES => return Err(Error::TooLarge { path }),
            Ok(_) => {}
        }
        // The schema first: a record of a later version has a better error than a file that is no record.
        #[derive(Deserialize)]
        struct Schema {
            schema: u64,
        }
        let found = match serde_json::from_slice::<Schema>(&bytes) {
            Ok(Schema { schema }) => schema,
            Err(source) => return Err(Error::Foreign { path, source }),
        };
        if !(u64::from(OLDEST_SCHEMA)..=u64::from(SCHEMA)).contains(&found) {
            return Err(Error::Schema { path, found });
        }
        let read = match found < model::SINCE {
            true => serde_json::from_slice(&bytes).and_then(|mut value| {
                model::add(&mut value);
                serde_json::from_value(value)
            }),
            false => serde_json::from_slice(&bytes),
        };
        let record: Self = match read {
            Ok(record) => record,
            Err(source) => return Err(Error::Foreign { path, source }),
        };
        match record.problem() {
            Some(problem) => Err(Error::Unsound { path, problem }),
            None => Ok(record),
        }
    }

    /// The newest complete record in `directory`, and its file.
    ///
    /// # Errors
    /// If there is none, or if a newer file can't be read: skipping it could show older figures as the newest.
    pub fn newest(directory: &Path) -> Result<(PathBuf, Self), Error> {
        // The names are dates, so the last is the newest.
        for path in Self::list(directory)?.into_iter().rev() {
            let record = Self::read(&path)?;
            if record.is_complete() {
                return Ok((path, record));
            }
        }
        Err(Error::None {
            directory: directory.to_path_buf(),
        })
    }

    /// All complete records in `directory`, the oldest first.
    ///
    /// # Errors
    /// If there is none, or if a file can't be read: skipping it could show a change at the wrong record.
    pub fn complete(directory: &Path) -> Result<Vec<Self>, Error> {
        let mut records = Vec::new();
        for path in Self::list(directory)? {
            records.push(Self::read(&path)?);
        }
        records.retain(Self::is_complete);
        match records.is_empty() {
            true => Err(Error::None {
                directory: directory.to_path_buf(),
            }),
            false => Ok(records),
        }
    }

    /// The files of all records in `directory`, the oldest first. A missing directory has none.
    ///
    /// # Errors
    /// If the directory can't be read.
    pub fn list(directory: &Path) -> Result<Vec<PathBuf>, Error> {
        let unreadable = |source| Error::Unreadable {
            path: directory.to_path_buf(),
            source,
        };
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Why the record is not sound; `None` for a sound record.
    fn problem(&self) -> Option<String> {
        let unsound = self.benches.iter().find_map(Bench::problem);
        unsound.or_else(|| {
            // As JSON, so that the texts of all fields are checked, also of fields that are added later.
            let value = serde_json::to_value(self).ok()?;
            let text = text_with_control_characters(&value)?;
            Some(format!("a text with control characters: {text:?}"))
        })
    }
}

impl Bench {
    fn problem(&self) -> Option<String> {
        for (directory, estimates) in &self.estimates {
            let intervals = [Some(estimates.median), Some(estimates.mean), estimates.slope];
            if !intervals.iter().flatten().all(Interval::is_sound) {
                return Some(format!("the interval of {directory:?} is not around its estimate"));
            }
        }
        let steps = self
            .cases
            .iter()
            .flat_map(|case| case.steps.values().map(move |step| (&case.id, step)));
        for (case, step) in steps {
            if !self.estimates.contains_key(step) && self.failed.is_none() {
                return Some(format!(
                    "{case:?} was measured as {step:?}, of which there is no estimate"
                ));
            }
        }
        None
    }
}

/// The first text with a control character, which could move a terminal's cursor or break a table.
fn text_with_control_characters(value: &serde_json::Value) -> Option<&str> {
    use serde_json::Value;
    let bad = |text: &str| text.chars().any(char::is_control);
    match value {
        Value::String(text) => bad(text).then_some(text.as_str()),
        Value::Array(values) => values.iter().find_map(text_with_control_characters),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if bad(name) {
                Some(name.as_str())
            } else {
                text_with_control_characters(value)
            }
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    /// Writes a text to a file and reads the file as a record.
    fn read(text: &str) -> Result<Record, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record.json");
        fs::write(&path, text).unwrap();
        Record::read(&path)
    }

    fn json(record: &Record) -> serde_json::Value {
        serde_json::to_value(record).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let records = directory.path().join("records");
        let record = fixture::record();
        let path = record.write(&records).unwrap();
        assert_eq!(path, records.join("2026-11-22T122031Z.json"));
        assert_eq!(Record::read(&path).unwrap(), record);
        assert_eq!(fs::read_dir(&records).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_record_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let mut record = fixture::record();
        let path = record.write(directory.path()).unwrap();
        let before = fs::read(&path).unwrap();
        record.rustc = "another".to_owned();
        let error = record.write(directory.path()).unwrap_err();
        assert!(matches!(error, Error::Exists { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_newest_is_the_newest_complete_one() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("none");
        assert!(matches!(Record::newest(&missing), Err(Error::None { .. })));
        assert!(matches!(Record::complete(&missing), Err(Error::None { .. })));
        let mut record = fixture::record();
        let mut write = |at: &str, change: fn(&mut Record)| {
            record.recorded_at = at.parse().unwrap();
            let mut record = record.clone();
            change(&mut record);
            record.write(directory.path()).unwrap();
        };
        write("2026-11-22T01:00:00Z", |_| {});
        write("2026-11-22T02:00:00Z", |_| {});
        write("2026-11-22T03:00:00Z", |record| record.quick = true);
        write("2026-11-22T04:00:00Z", |record| record.all_benches = false);
        write("2026-11-22T05:00:00Z", |record| {
            record.benches[0].failed = Some("it failed".to_owned())
        });
        fs::write(directory.path().join("README.md"), "no record").unwrap();
        let (path, newest) = Record::newest(directory.path()).unwrap();
        assert_eq!(newest.name(), "2026-11-22T020000Z");
        assert!(path.ends_with("2026-11-22T020000Z.json"));
        let complete = Record::complete(directory.path()).unwrap();
        let names: Vec<String> = complete.iter().map(Record::name).collect();
        assert_eq!(names, ["2026-11-22T010000Z", "2026-11-22T020000Z"]);
        fs::write(directory.path().join("2027-01-01T000000Z.json"), "{").unwrap();
        assert!(matches!(Record::newest(directory.path()), Err(Error::Foreign { .. })));
        assert!(matches!(Record::complete(directory.path()), Err(Error::Foreign { .. })));
    }

    #[test]
    fn cut_and_foreign_files_are_no_records() {
        let whole = serde_json::to_string(&fixture::record()).unwrap();
        for text in [
            "",
            "null",
            "[]",
            "{}",
            "not JSON",
            "{\"schema\":1}",
            "{\"schema\":\"1\"}",
            &whole[..whole.len() / 2],
            &"[".repeat(100_000),
        ] {
            let error = read(text).unwrap_err();
            assert!(matches!(error, Error::Foreign { .. }), "{error}");
            assert_eq!(error.exit_code(), ExitCode::DataErr);
            assert!(error.to_string().contains("record.json is no record"), "{error}");
        }
        let mut unknown = json(&fixture::record());
        unknown["benches"][0]["something"] = 1.into();
        assert!(matches!(read(&unknown.to_string()), Err(Error::Foreign { .. })));
    }

    #[test]
    fn a_later_schema_has_its_own_error() {
        let error = read(r#"{"schema":6,"everything":"else"}"#).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("schema 6, and this program reads schemas 1 to 5"),
            "{error}"
        );
        assert_eq!(error.exit_code(), ExitCode::DataErr);
    }

    #[test]
    fn a_record_of_the_first_schema_had_one_round() {
        let mut first = json(&fixture::record());
        first["schema"] = 1.into();
        first.as_object_mut().unwrap().remove("rounds");
        assert_eq!(read(&first.to_string()).unwrap().rounds, 1);
    }

    #[test]
    fn a_record_of_the_third_schema_gets_models_by_id_and_a_later_one_must_have_them() {
        let mut third = json(&fixture::record());
        for bench in third["benches"].as_array_mut().unwrap() {
            for case in bench["cases"].as_array_mut().unwrap() {
                case.as_object_mut().unwrap().remove("model");
            }
        }
        let error = read(&third.to_string()).unwrap_err();
        assert!(error.to_string().contains("missing field `model`"), "{error}");
        third["schema"] = 3.into();
        let record = read(&third.to_string()).unwrap();
        assert_eq!(record.benches, fixture::record().benches);
    }

    #[test]
    fn a_record_of_the_fourth_schema_has_no_exact_figures() {
        let mut fourth = json(&fixture::record());
        fourth["schema"] = 4.into();
        fourth.as_object_mut().unwrap().remove("exact_figures").unwrap();
        assert!(read(&fourth.to_string()).unwrap().exact_figures.is_empty());
    }

    #[test]
    fn a_huge_file_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record.json");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = Record::read(&path).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        assert_eq!(error.exit_code(), ExitCode::DataErr);
    }

    #[test]
    fn a_missing_file_is_no_input() {
        let error = Record::read(Path::new("no such file")).unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::NoInput);
        assert!(error.to_string().starts_with("no such file can't be read: "), "{error}");
    }

    #[test]
    fn an_unsound_record_is_refused() {
        let refused = |change: &dyn Fn(&mut serde_json::Value), problem: &str| {
            let mut record = json(&fixture::record());
            change(&mut record);
            let error = read(&record.to_string()).unwrap_err();
            assert_eq!(error.exit_code(), ExitCode::DataErr);
            assert!(error.to_string().contains(problem), "{error}");
        };
        let median = |record: &mut serde_json::Value, field: &str, value: f64| {
            record["benches"][0]["estimates"]["ruby_puts/work"]["median"][field] = value.into();
        };
        refused(&|record| median(record, "lower", 1e9), "not around its estimate");
        refused(&|record| median(record, "upper", -1.0), "not around its estimate");
        refused(&|record| median(record, "lower", 0.0), "not around its estimate");
        refused(
            &|record| record["benches"][0]["cases"][0]["steps"]["work"] = "elsewhere".into(),
            "of which there is no estimate",
        );
        refused(&|record| record["rustc"] = "\u{1b}[2J".into(), "control characters");
        refused(
            &|record| record["benches"][0]["cases"][0]["label"] = "a\n<!-- end -->".into(),
            "control characters",
        );
        refused(
            &|record| record["benches"][0]["rates"] = serde_json::json!({"a\tb": [1.0]}),
            "control characters",
        );
        refused(
            &|record| record["exact_figures"]["ex1-hello"]["written by hand"]["sha256"] = "\u{1b}[2J".into(),
            "control characters",
        );
        refused(
            &|record| record["exact_figures"]["ex1-hello"]["written by hand"]["something"] = 1.into(),
            "unknown field",
        );
        refused(&|record| record["recorded_at"] = "yesterday".into(), "no record");
    }
}
