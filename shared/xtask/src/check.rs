//! Every check there is, the quick ones first.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Result;
use system::command_line;

use crate::deny;
use crate::run::{Cargo, announce_and_run, bold, green, red};
use crate::selection::Selection;
use crate::test_programs::{self, TestProgram};

/// What is run for a check; it passes by exiting with 0.
struct Check {
    name: &'static str,
    command: Command,
}

/// The outcome of one check.
struct Outcome {
    name: &'static str,
    passed: bool,
    seconds: u64,
    /// Where the check is one of tests.
    programs: Vec<TestProgram>,
}

/// The check that runs the tests.
const TESTS: &str = "tests";

/// What is documented: every library, and the programs without one. Programs of a library's name would overwrite it.
///
/// There are no examples, but with them cargo takes the features that tests have, for which clippy has checked both
/// engines already.
const DOCUMENTED: [&str; 9] = [
    "--lib",
    "--examples",
    "--bin",
    "xtask",
    "--bin",
    "hello-guest",
    "--no-deps",
    "--document-private-items",
    "--quiet",
];

/// The checks. Tests come last, so that their own summaries end the run.
fn checks(cargo: &Cargo, selection: &Selection) -> Vec<Check> {
    let with_selection = |before: &[&str], selected: Vec<String>, after: &[&str]| {
        let mut arguments: Vec<&str> = before.to_vec();
        arguments.extend(selected.iter().map(String::as_str));
        arguments.extend(after);
        cargo.command(&arguments)
    };
    let check = |name, command| Check { name, command };
    // As guests are built, which have one engine each: what a warning says there, every reader would see.
    let parser_alone = |engine| {
        let selected = [
            "-p",
            "ex2-parser",
            "--lib",
            "--no-default-features",
            "--features",
            engine,
        ];
        let selected = selected.map(str::to_owned).to_vec();
        with_selection(&["clippy"], selected, &["--quiet", "--", "--deny", "warnings"])
    };
    let mut documentation = with_selection(&["doc"], selection.arguments(), &DOCUMENTED);
    documentation.env("RUSTDOCFLAGS", "--deny warnings");
    let mut rubocop = cargo.in_workspace("rubocop");
    rubocop.args(["--cache", "false", "--format", "quiet", "ex3-stats-tracker/rails"]);
    let browser = |arguments: &[&str]| {
        let mut command = cargo.in_workspace("node");
        command
            .arg("ex3-stats-tracker/rails/test/browser/run.mjs")
            .args(arguments);
        command
    };

    let mut checks = vec![check("format", cargo.command(&["fmt", "--all", "--check"]))];
    if let Some(program) = deny::program() {
        let mut command = cargo.in_workspace(program);
        command.args([
            "--locked",
            "--log-level",
            "error",
            "check",
            "bans",
            "licenses",
            "sources",
        ]);
        checks.push(check("dependencies", command));
    }
    checks.extend([
        check("guests", cargo.command(&["xtask", "guests"])),
        check("readme", cargo.command(&["xtask", "readme"])),
        check(
            "lints",
            with_selection(
                &["clippy"],
                selection.arguments_with_fuzz_target(),
                &["--all-targets", "--quiet", "--", "--deny", "warnings"],
            ),
        ),
        check("lints, a parser with a tree", parser_alone("dom")),
        check("lints, a parser without one", parser_alone("stream")),
        check("documentation", documentation),
        // What tests build, a test can't know to be current: cargo lists a program's sources beside it only where it is
        // asked for the program. `ex1-hello --guest rust` would build both engines once more, for its host alone.
        check(
            "build",
            with_selection(&["build"], selection.arguments(), &["--all-targets"]),
        ),
        check(
            "examples in the documentation",
            with_selection(&["test"], selection.arguments(), &["--doc"]),
        ),
        check("lints of the dashboard's Ruby", rubocop),
        check("the dashboard in a browser", browser(&[])),
        // What pages say comes from the database; how they are drawn and used does not depend on which.
        check(
            "the dashboard's pages on PostgreSQL",
            browser(&["--postgresql", "pages"]),
        ),
        // Benches are targets too: without cargo bench's flag each runs once, untimed, and asserts its answer. The
        // gem's specs and Rails' own tests are run by tests.
        check(
            TESTS,
            with_selection(&["test"], selection.arguments(), &["--all-targets", "--no-fail-fast"]),
        ),
    ]);
    checks
}

/// Runs every check, also after one has failed, and ends with a line for each and their count.
pub(crate) fn all(cargo: &Cargo) -> Result<ExitCode> {
    let selection = Selection::here(&[]);
    let mut outcomes = Vec::new();
    for check in checks(cargo, &selection) {
        outcomes.push(outcome(check)?);
    }
    let mut text: String = selection.notes().iter().map(|note| format!("{note}\n")).collect();
    if deny::program().is_none() {
        text += "not checked: the dependencies' licences and sources, since cargo-deny is not here and can't be installed\n";
    }
    text += &summary(&outcomes);
    // Whether somebody reads it or not, the checks passed or failed.
    _ = command_line::print_styled(&text);
    Ok(verdict(&outcomes))
}

fn outcome(Check { name, mut command }: Check) -> Result<Outcome> {
    let start = Instant::now();
    let (passed, programs) = match name {
        TESTS => test_programs::run(command)?,
        _ => (announce_and_run(&mut command)?.success(), Vec::new()),
    };
    Ok(Outcome {
        name,
        passed,
        seconds: start.elapsed().as_secs(),
        programs,
    })
}

/// A line for each check and below it one for each of its test programs, the longest first; and the checks' count.
fn summary(outcomes: &[Outcome]) -> String {
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by_key(|outcome| std::cmp::Reverse(outcome.seconds));
    let mut text = bold("checks:") + "\n";
    for Outcome {
        name,
        passed,
        seconds,
        programs,
    } in sorted
    {
        let verdict = if *passed { green("passed") } else { red("failed") };
        text += &format!("  {verdict}  {seconds:>5} s  {name}\n");
        text += &test_programs::summary(programs);
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    let seconds: u64 = outcomes.iter().map(|outcome| outcome.seconds).sum();
    text + &format!(
        "  {seconds} s in all\n{} passed, {failed} failed\n",
        outcomes.len() - failed
    )
}

fn verdict(outcomes: &[Outcome]) -> ExitCode {
    match outcomes.iter().all(|outcome| outcome.passed) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_check_fails_the_run() {
        let outcome = |name, program| {
            outcome(Check {
                name,
                command: Command::new(program),
            })
        };
        let passed = outcome("passes", "true").unwrap();
        let failed = outcome("fails", "false").unwrap();
        assert_eq!(verdict(&[]), ExitCode::SUCCESS);
        assert_eq!(verdict(std::slice::from_ref(&passed)), ExitCode::SUCCESS);
        assert_eq!(verdict(&[failed, passed]), ExitCode::FAILURE);
    }

    #[test]
    fn what_took_longest_is_named_first() {
        let outcome = |name, passed, seconds| Outcome {
            name,
            passed,
            seconds,
            programs: Vec::new(),
        };
        let text = summary(&[outcome("quick", true, 1), outcome("slow", false, 100)]);
        assert!(text.find("slow").unwrap() < text.find("quick").unwrap(), "{text}");
        assert!(text.ends_with("  101 s in all\n1 passed, 1 failed\n"), "{text}");
    }
}
