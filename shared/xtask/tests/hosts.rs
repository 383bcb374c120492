//! What `cargo xtask hosts` answers before it runs anything. xtask's own tests run the hosts.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn hosts(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("hosts").args(arguments);
    command
}

#[test]
fn the_list_names_each_program_with_its_file_and_lines() {
    let list = hosts(&["--list"]).assert().success().get_output().stdout.clone();
    let list = String::from_utf8(list).unwrap();
    let rows: Vec<_> = list.lines().filter(|line| line.starts_with("  ")).collect();
    assert_eq!(rows.len(), 8 + 7, "{list}");
    for row in rows {
        let lines: usize = row.split_whitespace().last().unwrap().parse().unwrap();
        assert!((5..=60).contains(&lines), "{row}");
    }
}

#[test]
fn a_list_runs_nothing_so_that_it_has_no_figures_in_json() {
    hosts(&["--list", "--json"])
        .assert()
        .code(64)
        .stderr(contains("--json").and(contains("--list")));
}
