//! `--guest ruby` as its user meets it.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};

const LINE: &str = "Hello World from WebAssembly!\n";

fn ex1_hello() -> Command {
    Command::cargo_bin("ex1-hello").unwrap()
}

/// Exit code of a program for which something isn't there.
const UNAVAILABLE: i32 = 69;

#[test]
fn ruby_says_the_line() {
    // Builds its host, fetches Ruby and compiles it where that has not been done, which is what is said on stderr.
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
fn where_the_host_cannot_be_built_the_next_step_is_said() {
    // A copy of the program has no host beside it, and a cargo that does nothing builds none.
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("ex1-hello");
    std::fs::copy(assert_cmd::cargo::cargo_bin("ex1-hello"), &copy).unwrap();
    Command::new(&copy)
        .args(["--guest", "ruby"])
        .env("CARGO", directory.path().join("no-cargo"))
        .assert()
        .code(UNAVAILABLE)
        .stdout(is_empty())
        .stderr(contains("no-cargo can't be started").and(contains("rustup.rs")));
}
