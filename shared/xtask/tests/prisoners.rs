//! What `cargo xtask prisoners` answers before it runs anything. xtask's own tests run some prisoners.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn prisoners(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("prisoners").args(arguments);
    command
}

#[test]
fn the_tables_have_a_row_for_each_prisoner_and_a_column_for_each_host() {
    for (figure, unit) in [("time", "s"), ("memory", "MiB")] {
        let output = prisoners(&["--table", figure])
            .assert()
            .success()
            .get_output()
            .stdout
            .clone();
        let table = String::from_utf8(output).unwrap();
        let rows: Vec<_> = table.lines().skip(1).take_while(|line| !line.is_empty()).collect();
        assert_eq!(rows.len(), 20, "{table}");
        for row in rows {
            let words = row.split_whitespace();
            let cells = words.filter(|word| *word == unit || *word == "NOT").count();
            assert_eq!(cells, 8, "{row}");
        }
        assert!(table.contains(" of 160 contained."), "{table}");
    }
}

#[test]
fn what_can_not_be_meant_is_refused() {
    prisoners(&["--table", "time", "--check"])
        .assert()
        .code(64)
        .stderr(contains("--table").and(contains("--check")));
    prisoners(&["--built", "--host", "COBOL"])
        .assert()
        .code(1)
        .stderr(contains("no cell has such names"));
}
