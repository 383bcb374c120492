//! The record of one run: written once, never changed, checked whenever it is read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::cases::{Case, Ruby, Skipped};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sysexits::ExitCode;

use crate::matrix::machine::{Commit, Load, Machine};
use crate::matrix::{Interval, model};

/// What this version writes. Another number means other fields.
pub const SCHEMA: u32 = 4;

/// The oldest that it reads. The first had one round and did not name the number; until the second, cases were called
/// `cells`, and skipped ones `left_out`; until the third, a case's model was told by its id alone.
const OLDEST_SCHEMA: u32 = 1;

/// A record has some hundred kilobytes; what is larger than this is none.
const MAX_BYTES: u64 = 16 << 20;

/// Everything one run measured, and all that the figures depend on.
///
/// The talk's slide "Your machine" saves one too, of what a browser measures and knows;
/// `shared/xtask/tests/browser-record.json` has no more than a record has to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// When the run ended.
    pub recorded_at: Timestamp,
    /// Whether less was measured, to see that it works: such figures are too coarse to be shown.
    pub quick: bool,
    /// How often each bench was run; see [`crate::matrix::rounds`].
    #[serde(default = "one")]
    pub rounds: u32,
    /// Whether every bench of the workspace was asked for.
    pub all_benches: bool,
    /// What it ran on.
    pub machine: Machine,
    /// How busy that was before the run.
    pub load_before: Option<Load>,
    /// And after it.
    pub load_after: Option<Load>,
    /// The compiler of the native code, with its version.
    pub rustc: String,
    /// What was built.
    pub commit: Option<Commit>,
    /// What each bench measured, in the order in which they ran.
    pub benches: Vec<Bench>,
}

/// What one bench measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bench {
    /// As after `cargo bench --bench`.
    pub name: String,
    /// How long it ran.
    pub seconds: f64,
    /// Why its figures are not all here, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The Ruby that ran in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruby: Option<Ruby>,
    /// What the figures are figures of.
    #[serde(alias = "cells")]
    pub cases: Vec<Case>,
    /// The cases that it can have and didn't measure.
    #[serde(alias = "left_out")]
    pub skipped: Vec<Skipped>,
    /// The figures, by the directory that Criterion gave each.
    pub estimates: BTreeMap<String, Estimates>,
    /// Requests a second in each round, by what answered them over how many connections.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, Vec<f64>>,
}

/// Criterion's estimates of one function, in nanoseconds a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimates {
    /// Criterion's name for what was measured.
    pub id: String,
    /// How probable it is that an interval holds the true value.
    pub confidence: f64,
    /// How many samples there were; each is the mean of some calls.
    pub samples: usize,
    /// The one that is shown: a pause of the machine during some samples leaves it alone.
    pub median: Interval,
    /// Over all samples.
    pub mean: Interval,
    /// Of the line through samples of more and more calls, where Criterion took such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slope: Option<Interval>,
    /// The median of each round, in their order, where there were several. What stands above is of the one in which it
    /// is least.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<f64>,
}

fn one() -> u32 {
    1
}

/// Why a record can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file, or it can't be read.
    #[error("{path} can't be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is larger than any record.
    #[error("{path} is no record: it has more than {} MiB", MAX_BYTES >> 20, path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is not what `cargo xtask bench` writes.
    #[error("{path} is no record: {source}", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// Another version wrote it.
    #[error("{path} is a record of schema {found}, and this program reads schemas {OLDEST_SCHEMA} to {SCHEMA}", path = path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u64,
    },
    /// It says what can't be.
    #[error("{path} is no sound record: {problem}", path = path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What.
        problem: String,
    },
    /// No record is in the directory.
    #[error("{directory} has no complete record; `cargo xtask bench` makes one, and `--record` names another", directory = directory.display())]
    None {
        /// The directory.
        directory: PathBuf,
    },
    /// There is one already, and none is ever overwritten.
    #[error("{path} is there already, and no record is ever overwritten", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It can't be written.
    #[error("{path} can't be written: {source}", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// As in sysexits.h.
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
    /// Its name without `.json`: when it was recorded, without characters that some file systems refuse.
    pub fn name(&self) -> String {
        self.recorded_at.strftime("%Y-%m-%dT%H%M%SZ").to_string()
    }

    /// Whether it has what the READMEs show: a full run of every bench, none of which failed.
    pub fn is_complete(&self) -> bool {
        self.all_benches && !self.quick && self.benches.iter().all(|bench| bench.failed.is_none())
    }

    /// The Ruby that ran in a bench.
    pub fn ruby(&self) -> Option<&Ruby> {
        self.benches.iter().find_map(|bench| bench.ruby.as_ref())
    }

    /// Writes it into `directory`, whole or not at all, and never over another.
    ///
    /// # Errors
    /// If there is one of that name, or the directory can't be written to.
    pub fn write(&self, directory: &Path) -> Result<PathBuf, Error> {
        let path = directory.join(format!("{}.json", self.name()));
        let unwritable = |source| Error::Unwritable {
            path: path.clone(),
            source,
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| unwritable(error.into()))?;
        fs::create_dir_all(directory).map_err(unwritable)?;
        let mut file = tempfile::Builder::new()
            .prefix(".record-")
            .tempfile_in(directory)
            .map_err(unwritable)?;
        writeln!(file, "{text}").map_err(unwritable)?;
        file.as_file().sync_all().map_err(unwritable)?;
        make_readable(file.as_file()).map_err(unwritable)?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(Error::Exists { path }),
            Err(error) => Err(unwritable(error.error)),
        }
    }

    /// Reads a record and checks that it is one, and that nothing in it can do harm where it is shown.
    ///
    /// # Errors
    /// If it can't be read, isn't a record, or says what can't be.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let path = path.to_path_buf();
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        match read {
            Err(source) => return Err(Error::Unreadable { path, source }),
            Ok(length) if length as u64 > MAX_BYTES => return Err(Error::TooLarge { path }),
            Ok(_) => {}
        }
        // The schema alone first: a later version's record is to be told from a file that is none.
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
    /// If there is none, or a record in there can't be read: passing it over could show older figures as the newest.
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

    /// The files of all records in `directory`, the oldest first. A directory that isn't there has none.
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

    /// What can't be, if anything.
    fn problem(&self) -> Option<String> {
        let unsound = self.benches.iter().find_map(Bench::problem);
        unsound.or_else(|| {
            // All strings of all fields, those that are added one day included.
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

/// A temporary file is its owner's alone; a record is for everybody.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Control characters move a terminal's cursor and break a table's lines.
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

    /// Writes a text as a record's file and reads it as one.
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
    fn no_record_is_ever_overwritten() {
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
        fs::write(directory.path().join("2027-01-01T000000Z.json"), "{").unwrap();
        assert!(matches!(Record::newest(directory.path()), Err(Error::Foreign { .. })));
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
    fn another_schema_is_told_from_another_file() {
        let error = read(r#"{"schema":5,"everything":"else"}"#).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("schema 5, and this program reads schemas 1 to 4"),
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
    fn a_record_of_the_third_schema_has_its_models_by_id_and_a_later_one_has_to_name_them() {
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
    fn what_can_not_be_is_refused() {
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
        refused(&|record| record["recorded_at"] = "yesterday".into(), "no record");
    }
}
