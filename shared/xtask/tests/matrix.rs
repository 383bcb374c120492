//! Tests of the output and the exit codes of `cargo xtask matrix`.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/record.json");

/// A record of the slide "Your machine", with only the required fields.
const BROWSER_RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser-record.json");

fn matrix() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("matrix");
    command
}

/// A copy of the record with a text replaced.
fn changed(directory: &Path, from: &str, to: &str) -> std::path::PathBuf {
    let text = fs::read_to_string(RECORD).unwrap();
    assert!(text.contains(from), "{from}");
    let path = directory.join("changed.json");
    fs::write(&path, text.replace(from, to)).unwrap();
    path
}

#[test]
fn a_record_is_rendered_to_standard_output_alone() {
    let output = matrix().args(["--record", RECORD]).assert().success();
    output
        .stdout(
            contains("| Hello World: one line written")
                .and(contains("## Hypotheses"))
                .and(contains("## Bias")),
        )
        .stdout(contains("\u{1b}").not())
        .stderr("");
}

#[test]
fn json_is_one_document() {
    let output = matrix().args(["--record", RECORD, "--json"]).output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["record"], "2026-11-22T122031Z");
    assert_eq!(value["hypotheses"].as_array().unwrap().len(), 7);
}

#[test]
fn two_records_are_compared() {
    let directory = tempfile::tempdir().unwrap();
    let slower = changed(directory.path(), "\"estimate\": 230.0", "\"estimate\": 231.0");
    let compare = |before: &Path| {
        let mut command = matrix();
        command.arg("--compare").arg(before).arg(&slower);
        command
    };
    compare(Path::new(RECORD))
        .assert()
        .success()
        .stdout(contains(" 0 differ by more."));
    let other = tempfile::tempdir().unwrap();
    let machine = changed(other.path(), "Processor 9000", "Processor 1");
    compare(&machine)
        .assert()
        .success()
        .stdout(contains("different machines"));
    let json = compare(Path::new(RECORD)).arg("--json").output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(value["same_machine"], true);
}

#[test]
fn the_trend_has_a_column_for_each_complete_record() {
    let trend = matrix().arg("--trend").assert().success().stderr("");
    trend.stdout(
        contains("2026-11-22T163116Z | 2026-11-22T175319Z |")
            .and(contains("| Hello World, Rust: rust/native "))
            .and(contains("not comparable to a digit").count(1))
            .and(contains("\u{1b}").not()),
    );
    let json = matrix().args(["--trend", "--json"]).output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let records = value["records"].as_array().unwrap().len();
    for series in value["times"].as_array().unwrap() {
        assert_eq!(series["values"].as_array().unwrap().len(), records, "{series}");
    }
    // Records of the first schemas have no exact figures, and none is made up.
    for series in value["exact_figures"].as_array().unwrap() {
        assert!(series["values"][0].is_null(), "{series}");
    }
}

#[test]
fn a_record_that_a_browser_made_is_read_and_compared() {
    matrix()
        .args(["--record", BROWSER_RECORD])
        .assert()
        .success()
        .stdout(contains("| Rust in Wasm, stream, in a browser | call ").and(contains("| 240 µs |")));
    // The records of browsers have no native case, so that their times are compared.
    let directory = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(BROWSER_RECORD).unwrap();
    let slower = text.replace(
        r#""estimate": 241000, "lower": 238000, "upper": 246000"#,
        r#""estimate": 482000, "lower": 476000, "upper": 492000"#,
    );
    assert_ne!(slower, text);
    let other = directory.path().join("other.json");
    for slower in [slower.replace("\"cores\": 8", "\"cores\": 4"), slower] {
        fs::write(&other, slower).unwrap();
        let compared = matrix()
            .args(["--compare", BROWSER_RECORD])
            .arg(&other)
            .assert()
            .success();
        compared
            .stdout(contains("2 figures in both").and(contains("| parser: stream/browser/work | 240 µs | 480 µs |")));
    }
    // It shares no figure with a full record.
    let compared = matrix().args(["--compare", RECORD, BROWSER_RECORD]).assert().success();
    compared.stdout(contains("different machines").and(contains("0 figures in both")));
}

/// All fields of the browser's record are required, and the error names a missing one.
#[test]
fn a_record_without_one_of_its_fields_is_none() {
    let whole: serde_json::Value = serde_json::from_str(&fs::read_to_string(BROWSER_RECORD).unwrap()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("record.json");
    let refused = |record: &serde_json::Value, field: &str| {
        fs::write(&path, record.to_string()).unwrap();
        let refused = matrix().arg("--record").arg(&path).assert().code(65);
        refused.stderr(contains(format!("missing field `{field}`")));
    };
    let fields = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (pointer, optional) in [
        ("", &["load_before", "load_after", "commit"][..]),
        ("/machine", &[]),
        ("/benches/0", &[]),
        ("/benches/0/cases/0", &["guest_bytes"]),
        ("/benches/0/estimates/wat_browser~1work", &[]),
        ("/benches/1/skipped/0", &[]),
    ] {
        for field in fields(whole.pointer(pointer).unwrap()) {
            if !optional.contains(&&*field) {
                let mut record = whole.clone();
                record
                    .pointer_mut(pointer)
                    .unwrap()
                    .as_object_mut()
                    .unwrap()
                    .remove(&field);
                refused(&record, &field);
            }
        }
    }
}

#[test]
fn an_invalid_record_ends_with_65_and_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("record.json");
    let whole = fs::read_to_string(RECORD).unwrap();
    for (text, why) in [
        (String::new(), "is no record"),
        (whole[..1000].to_owned(), "is no record"),
        ("{\"schema\":9}".to_owned(), "schema 9"),
        (whole.replace("Processor 9000", "\\u001b[2J"), "control characters"),
        (whole.replace("\"lower\": 228.85", "\"lower\": 1e9"), "no sound record"),
    ] {
        fs::write(&path, text).unwrap();
        let refused = matrix().arg("--record").arg(&path).assert().code(65);
        refused.stdout("").stderr(contains("error").and(contains(why)));
    }
}

#[test]
fn no_record_ends_with_66_and_a_wrong_command_line_with_64() {
    matrix()
        .args(["--record", "no-such-record"])
        .assert()
        .code(66)
        .stderr(contains("no-such-record").and(contains("os error").count(1)));
    matrix().args(["--compare", RECORD]).assert().code(64);
    matrix().args(["--json", "--write"]).assert().code(64);
    for conflict in [&["--record", RECORD][..], &["--write"], &["--compare", RECORD, RECORD]] {
        let refused = matrix().arg("--trend").args(conflict).assert().code(64);
        refused.stderr(contains("--trend").and(contains(conflict[0])));
    }
    matrix().args(["--svg", "trend.svg"]).assert().code(64);
}

#[test]
fn a_plan_has_no_colours_outside_of_a_terminal() {
    let mut setup = Command::new(env!("CARGO_BIN_EXE_xtask"));
    // With an empty PATH everything is missing.
    setup.args(["setup", "--dry-run"]).env("PATH", "");
    setup
        .assert()
        .success()
        .stdout(contains("missing on this machine:").and(contains("\u{1b}").not()));
}

#[test]
fn a_quick_record_is_not_for_readmes() {
    let directory = tempfile::tempdir().unwrap();
    let quick = changed(directory.path(), "\"quick\": false", "\"quick\": true");
    let refused = matrix().arg("--write").arg("--record").arg(quick).assert().code(65);
    refused.stderr(contains("too little for a README"));
}
