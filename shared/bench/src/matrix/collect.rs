//! From the files that a bench writes to its part of a record.
//!
//! A bench gets its own empty directory ([`prepare`]) as `CRITERION_HOME`, so that all files in it are of this run.
//! Criterion's default directory would also have the figures of earlier runs, and of cases that were renamed since.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cases::Report;
use serde::de::DeserializeOwned;
use serde_json::Value;
use walkdir::WalkDir;

use crate::matrix::record::{Bench, Estimates};
use crate::matrix::{Interval, number};

/// The file with the rates of a bench that doesn't use Criterion: by name, the requests a second of each round.
pub const RATES: &str = "rates.json";

/// More digits than any measurement needs. With all sixteen digits a record would be twice as large.
const RECORDED_DIGITS: usize = 7;

/// The files of a bench can't become a part of a record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is missing or malformed.
    #[error("{path}: {problem}; run the bench again", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The problem, as text.
        problem: String,
    },
    /// The report has a case whose figure is missing.
    #[error("the bench {bench} reports the case {case}, but there is no figure in {directory}")]
    NoFigure {
        /// The bench.
        bench: String,
        /// The case's id.
        case: String,
        /// The expected directory of its figure, relative to Criterion's directory.
        directory: String,
    },
    /// There is no figure at all.
    #[error("the bench {bench} ran and wrote no figure")]
    Nothing {
        /// The bench.
        bench: String,
    },
}

/// Creates `directory`, or removes everything in it.
///
/// # Errors
/// If the directory can't be emptied or created.
pub fn prepare(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(directory)
}

/// The part of a record for the bench `name`, from the files in `directory`. `seconds` is its duration, `failed` is why
/// it failed. `cleaned` is applied to every text of its report.
///
/// # Errors
/// If a file is malformed, or if a figure is missing although the bench did not fail.
pub fn bench(
    directory: &Path,
    name: &str,
    seconds: f64,
    failed: Option<String>,
    cleaned: &dyn Fn(&str) -> String,
) -> Result<Bench, Error> {
    let path = Report::path(directory, name);
    let report = match path.is_file() {
        true => serde_json::from_value(map_texts(read(&path)?, cleaned)).map_err(|error| Error::File {
            path,
            problem: error.to_string(),
        })?,
        // Not every bench has cases of the matrix.
        false => Report {
            bench: name.to_owned(),
            cases: Vec::new(),
            skipped: Vec::new(),
            ruby: None,
        },
    };
    let rates = directory.join(RATES);
    let bench = Bench {
        name: name.to_owned(),
        seconds,
        failed,
        ruby: report.ruby,
        cases: report.cases,
        skipped: report.skipped,
        estimates: estimates(directory)?,
        rates: if rates.is_file() {
            read(&rates)?
        } else {
            BTreeMap::new()
        },
    };
    if bench.failed.is_none() {
        complete(&bench)?;
    }
    Ok(bench)
}

fn complete(bench: &Bench) -> Result<(), Error> {
    if bench.estimates.is_empty() && bench.rates.is_empty() {
        return Err(Error::Nothing {
            bench: bench.name.clone(),
        });
    }
    for case in &bench.cases {
        for directory in case.steps.values() {
            if !bench.estimates.contains_key(directory) {
                return Err(Error::NoFigure {
                    bench: bench.name.clone(),
                    case: case.id.clone(),
                    directory: directory.clone(),
                });
            }
        }
    }
    Ok(())
}

/// The fields of Criterion's files that are used.
mod criterion {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct Benchmark {
        pub(super) full_id: String,
    }

    #[derive(Deserialize)]
    pub(super) struct Sample {
        pub(super) iters: Vec<f64>,
    }

    #[derive(Deserialize)]
    pub(super) struct Estimates {
        pub(super) mean: Estimate,
        pub(super) median: Estimate,
        pub(super) slope: Option<Estimate>,
    }

    #[derive(Deserialize)]
    pub(super) struct Estimate {
        pub(super) point_estimate: f64,
        pub(super) confidence_interval: ConfidenceInterval,
    }

    #[derive(Deserialize)]
    pub(super) struct ConfidenceInterval {
        pub(super) confidence_level: f64,
        pub(super) lower_bound: f64,
        pub(super) upper_bound: f64,
    }
}

/// All estimates below Criterion's directory, by the relative directory of each.
fn estimates(directory: &Path) -> Result<BTreeMap<String, Estimates>, Error> {
    let mut found = BTreeMap::new();
    for entry in WalkDir::new(directory).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::File {
            path: directory.to_path_buf(),
            problem: error.to_string(),
        })?;
        let path = entry.path();
        if !path.ends_with("new/estimates.json") {
            continue;
        }
        let new = path.parent().unwrap_or(directory);
        let name = new.parent().and_then(|parent| parent.strip_prefix(directory).ok());
        let parts = name.unwrap_or(new).components();
        let name: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();

        let benchmark: criterion::Benchmark = read(&new.join("benchmark.json"))?;
        let sample: criterion::Sample = read(&new.join("sample.json"))?;
        let estimates: criterion::Estimates = read(path)?;
        let interval = |estimate: &criterion::Estimate| {
            interval(estimate).ok_or_else(|| Error::File {
                path: path.to_path_buf(),
                problem: "it has an estimate that is no time".to_owned(),
            })
        };
        found.insert(
            name.join("/"),
            Estimates {
                id: benchmark.full_id,
                confidence: estimates.median.confidence_interval.confidence_level,
                samples: sample.iters.len(),
                median: interval(&estimates.median)?,
                mean: interval(&estimates.mean)?,
                slope: estimates.slope.as_ref().map(interval).transpose()?,
                rounds: Vec::new(),
            },
        );
    }
    Ok(found)
}

/// `None` if the estimate can't be a time. Criterion's intervals come from resampling, and one can exclude its own
/// estimate by a rounding error: then it is widened to include it.
fn interval(estimate: &criterion::Estimate) -> Option<Interval> {
    let limits = &estimate.confidence_interval;
    let recorded = |value| number::rounded(value, RECORDED_DIGITS);
    let interval = Interval {
        estimate: recorded(estimate.point_estimate),
        lower: recorded(limits.lower_bound.min(estimate.point_estimate)),
        upper: recorded(limits.upper_bound.max(estimate.point_estimate)),
    };
    interval.is_sound().then_some(interval)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let file = |problem: String| Error::File {
        path: path.to_path_buf(),
        problem,
    };
    let bytes = fs::read(path).map_err(|error| file(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| file(error.to_string()))
}

/// A JSON value with `replaced` applied to every text; the names of fields stay.
fn map_texts(value: Value, replaced: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(replaced(&text)),
        Value::Array(values) => values.into_iter().map(|value| map_texts(value, replaced)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, map_texts(value, replaced)))
            .collect(),
        other => other,
    }
}

/// A text in one line without this machine's paths: the workspace becomes `.` and the home directory `~`.
pub fn without_paths(text: &str, workspace: &Path, home: Option<&Path>) -> String {
    let mut text = text.replace(&*workspace.to_string_lossy(), ".");
    if let Some(home) = home.filter(|home| home.parent().is_some()) {
        text = text.replace(&*home.to_string_lossy(), "~");
    }
    // A program's error message can have several lines.
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{Case, Column, Model, Row, Step};

    const BENCHMARK: &str =
        r#"{"group_id":"wat/kept","function_id":"work","full_id":"wat/kept/work","directory_name":"wat_kept/work"}"#;

    fn estimate(point: f64, lower: f64, upper: f64) -> String {
        format!(
            r#"{{"confidence_interval":{{"confidence_level":0.95,"lower_bound":{lower},"upper_bound":{upper}}},"point_estimate":{point},"standard_error":1.0}}"#
        )
    }

    /// Writes the files that Criterion writes for one function.
    fn write_figure(directory: &Path, function: &str, median: &str) {
        let new = directory.join(function).join("new");
        fs::create_dir_all(&new).unwrap();
        let mean = estimate(11.0, 10.0, 12.0);
        let estimates =
            format!(r#"{{"mean":{mean},"median":{median},"median_abs_dev":{mean},"slope":null,"std_dev":{mean}}}"#);
        fs::write(new.join("benchmark.json"), BENCHMARK).unwrap();
        fs::write(
            new.join("sample.json"),
            r#"{"sampling_mode":"Flat","iters":[1,1,1],"times":[10,11,12]}"#,
        )
        .unwrap();
        fs::write(new.join("estimates.json"), estimates).unwrap();
    }

    fn report(directory: &Path, step: &str) {
        let case = Case {
            id: "wat/kept".to_owned(),
            label: "Wat".to_owned(),
            row: Row::HelloWorld,
            model: Model::Call,
            column: Column::Wat,
            engine: "Wasmer".to_owned(),
            versions: BTreeMap::new(),
            guest_bytes: None,
            compiled_bytes: None,
            steps: [(Step::Work, step.to_owned())].into(),
        };
        let report = Report {
            bench: "hello".to_owned(),
            cases: vec![case],
            skipped: Vec::new(),
            ruby: None,
        };
        report.write(directory).unwrap();
    }

    #[test]
    fn figures_and_cases_become_a_bench() {
        let home = tempfile::tempdir().unwrap();
        write_figure(home.path(), "wat_kept/work", &estimate(10.0, 9.0, 11.0));
        report(home.path(), "wat_kept/work");
        let bench = bench(home.path(), "hello", 1.5, None, &str::to_owned).unwrap();
        assert_eq!((bench.name.as_str(), bench.cases.len()), ("hello", 1));
        let estimates = &bench.estimates["wat_kept/work"];
        assert_eq!((estimates.id.as_str(), estimates.samples), ("wat/kept/work", 3));
        assert_eq!((estimates.median.lower, estimates.median.upper), (9.0, 11.0));
    }

    #[test]
    fn files_of_an_earlier_run_are_not_read() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("hello");
        write_figure(&home, "renamed since/work", &estimate(10.0, 9.0, 11.0));
        report(&home, "renamed since/work");
        prepare(&home).unwrap();
        assert!(matches!(
            bench(&home, "hello", 1.0, None, &str::to_owned),
            Err(Error::Nothing { .. })
        ));
        write_figure(&home, "wat_kept/work", &estimate(10.0, 9.0, 11.0));
        let bench = bench(&home, "hello", 1.0, None, &str::to_owned).unwrap();
        assert_eq!(bench.estimates.keys().collect::<Vec<_>>(), ["wat_kept/work"]);
        assert!(bench.cases.is_empty());
    }

    #[test]
    fn a_case_without_its_figure_is_an_error_unless_the_bench_failed() {
        let home = tempfile::tempdir().unwrap();
        write_figure(home.path(), "wat_kept/work", &estimate(10.0, 9.0, 11.0));
        report(home.path(), "wat_kept/start");
        let error = bench(home.path(), "hello", 1.0, None, &str::to_owned)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("wat/kept") && error.contains("wat_kept/start"),
            "{error}"
        );
        let failed = bench(
            home.path(),
            "hello",
            1.0,
            Some("it ended with 101".to_owned()),
            &str::to_owned,
        )
        .unwrap();
        assert_eq!(failed.estimates.len(), 1);
    }

    #[test]
    fn cut_files_and_impossible_times_are_named() {
        let home = tempfile::tempdir().unwrap();
        write_figure(home.path(), "wat_kept/work", &estimate(-10.0, -11.0, -9.0));
        let error = bench(home.path(), "hello", 1.0, None, &str::to_owned)
            .unwrap_err()
            .to_string();
        assert!(error.contains("estimates.json") && error.contains("no time"), "{error}");
        fs::write(home.path().join("wat_kept/work/new/estimates.json"), "{\"mean\":").unwrap();
        assert!(matches!(
            bench(home.path(), "hello", 1.0, None, &str::to_owned),
            Err(Error::File { .. })
        ));
        fs::write(Report::path(home.path(), "hello"), "{").unwrap();
        assert!(matches!(
            bench(home.path(), "hello", 1.0, None, &str::to_owned),
            Err(Error::File { .. })
        ));
    }

    #[test]
    fn an_interval_that_excludes_its_estimate_is_widened() {
        let home = tempfile::tempdir().unwrap();
        write_figure(home.path(), "wat_kept/work", &estimate(10.0, 10.1, 11.0));
        let bench = bench(home.path(), "hello", 1.0, None, &str::to_owned).unwrap();
        assert_eq!(bench.estimates["wat_kept/work"].median.lower, 10.0);
    }

    #[test]
    fn rates_are_copied() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(RATES), r#"{"native/8":[1.0,3.0,2.0]}"#).unwrap();
        assert_eq!(
            bench(home.path(), "load", 1.0, None, &str::to_owned).unwrap().rates["native/8"],
            [1.0, 3.0, 2.0]
        );
    }

    #[test]
    fn every_text_of_a_report_is_cleaned() {
        let home = tempfile::tempdir().unwrap();
        write_figure(home.path(), "wat_kept/work", &estimate(10.0, 9.0, 11.0));
        report(home.path(), "wat_kept/work");
        let cleaned = |text: &str| text.replace("Wasmer", "clean");
        let bench = bench(home.path(), "hello", 1.0, None, &cleaned).unwrap();
        assert_eq!(bench.cases[0].engine, "clean");
    }

    #[test]
    fn paths_of_this_machine_are_removed() {
        let text = "no file /home/name/checkout/a.rb\n  from /home/name/gems";
        let clean = without_paths(text, Path::new("/home/name/checkout"), Some(Path::new("/home/name")));
        assert_eq!(clean, "no file ./a.rb   from ~/gems");
        assert_eq!(without_paths("/a", Path::new("/w"), Some(Path::new("/"))), "/a");
    }
}
