//! Tests of `--guest ruby`.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};
use system::processes::copy_program;

const LINE: &str = "Hello World from WebAssembly!\n";

fn ex1_hello() -> Command {
    Command::cargo_bin("ex1-hello").unwrap()
}

/// The exit code of a program for which something is missing.
const UNAVAILABLE: i32 = 69;

#[test]
fn ruby_prints_the_line() {
    // Builds its host, fetches Ruby and compiles it if needed, with messages on stderr.
    let first = ex1_hello().args(["--guest", "ruby"]).output().unwrap();
    if first.status.code() == Some(UNAVAILABLE) {
        let why = String::from_utf8_lossy(&first.stderr);
        assert!(why.contains("npm"), "{why}");
        eprintln!("SKIPPED, --guest ruby is not tested: {why}");
        return;
    }
    assert_eq!(String::from_utf8_lossy(&first.stdout), LINE, "{first:?}");
    ex1_hello()
        .args(["--guest", "ruby"])
        .assert()
        .success()
        .stdout(LINE)
        .stderr("");
}

#[test]
fn ruby_takes_no_file() {
    ex1_hello()
        .args(["--guest", "ruby", "own.wat"])
        .assert()
        .code(64)
        .stdout(is_empty())
        .stderr(contains("--guest ruby runs its own program"));
}

#[test]
fn a_failed_build_of_the_host_is_reported_with_the_next_step() {
    // A copy of the program in another directory has no host, and a cargo that does nothing does not build it.
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("ex1-hello");
    copy_program(&assert_cmd::cargo::cargo_bin("ex1-hello"), &copy).unwrap();
    Command::new(&copy)
        .args(["--guest", "ruby"])
        .env("CARGO", directory.path().join("no-cargo"))
        .assert()
        .code(UNAVAILABLE)
        .stdout(is_empty())
        .stderr(contains("no-cargo can't be started").and(contains("rustup.rs")));
}
