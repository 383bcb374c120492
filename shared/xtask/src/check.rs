//! Every check there is, the quick ones first.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Result;

use crate::run::{Cargo, announce_and_run, bold, green, red};

/// Cargo's arguments for each check. Tests come last, so that their own summaries end the run.
const CHECKS: [(&str, &[&str]); 7] = [
    ("format", &["fmt", "--all", "--check"]),
    ("guests", &["xtask", "guests"]),
    ("readme", &["xtask", "readme"]),
    (
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ],
    ),
    (
        "documentation",
        &["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"],
    ),
    ("examples in the documentation", &["test", "--workspace", "--doc"]),
    // Benches are targets too: without cargo bench's flag each runs once, untimed, and asserts its answer. The fuzz
    // target would run for ever; that it compiles, the lints have shown.
    (
        "tests",
        &[
            "test",
            "--workspace",
            "--exclude",
            "parser-fuzz",
            "--all-targets",
            "--no-fail-fast",
        ],
    ),
];

/// The outcome of one check.
struct Outcome {
    name: &'static str,
    passed: bool,
    seconds: u64,
}

/// Runs every check, also after one has failed, and ends with a line for each and their count.
pub(crate) fn all(cargo: &Cargo) -> Result<ExitCode> {
    let mut outcomes = Vec::new();
    for (name, arguments) in CHECKS {
        let mut command = cargo.command(arguments);
        if name == "documentation" {
            command.env("RUSTDOCFLAGS", "--deny warnings");
        }
        outcomes.push(outcome(name, &mut command)?);
    }
    Ok(report(&outcomes))
}

fn outcome(name: &'static str, command: &mut Command) -> Result<Outcome> {
    let start = Instant::now();
    let passed = announce_and_run(command)?.success();
    Ok(Outcome {
        name,
        passed,
        seconds: start.elapsed().as_secs(),
    })
}

fn report(outcomes: &[Outcome]) -> ExitCode {
    anstream::println!("{}", bold("checks:"));
    for Outcome { name, passed, seconds } in outcomes {
        let verdict = if *passed { green("passed") } else { red("failed") };
        anstream::println!("  {verdict}  {name} ({seconds} s)");
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_check_fails_the_run() {
        let passed = outcome("passes", &mut Command::new("true")).unwrap();
        let failed = outcome("fails", &mut Command::new("false")).unwrap();
        assert_eq!(report(&[]), ExitCode::SUCCESS);
        assert_eq!(report(std::slice::from_ref(&passed)), ExitCode::SUCCESS);
        assert_eq!(report(&[failed, passed]), ExitCode::FAILURE);
    }
}
