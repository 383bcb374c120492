//! All checks, the quick ones first.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use system::command_line;

use crate::deny;
use crate::run::{Cargo, announce_and_run, bold, green, red, spawn_into_pipe};
use crate::selection::Selection;
use crate::test_programs::{self, TestProgram};
use crate::unchanged::Unchanged;

/// A command that passes by exiting with 0.
struct Check {
    name: &'static str,
    command: Command,
    turn: Turn,
}

/// The time at which a check is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// After the one before it.
    Next,
    /// While the tests run, which wait more than they compute. The output is printed as a whole at the end.
    BesideTests,
}

/// Which tests a run has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Those whose files have changed since they passed.
    Changed,
    /// All except those that are marked as `#[ignore]`, because they take long.
    Usual,
    Everything,
}

/// The outcome of one check.
struct Outcome {
    name: &'static str,
    passed: bool,
    seconds: u64,
    /// The test programs, for a check with tests.
    programs: Vec<TestProgram>,
}

/// The name of the check that runs all tests except the chart's.
const TESTS: &str = "tests";

/// The checks of the dashboard in a real browser, and the package that they belong to.
const BROWSER: &str = "the dashboard in a browser";
const BROWSER_POSTGRESQL: &str = "the dashboard's pages on PostgreSQL";
const TRACKER_PACKAGE: &str = "ex3-stats-tracker";

/// The name of the check that runs the chart's tests. They start a Kubernetes, and wait for it most of the time.
const CHART_TESTS: &str = "the chart's tests";

/// The name of the check that runs the tests that are marked as `#[ignore]`.
const LONG_TESTS: &str = "the tests that take long";

/// The package of the chart's tests.
const CHART_PACKAGE: &str = "cluster";

/// The arguments of `cargo doc`: all libraries, and the programs without a library. A program with the name of a
/// library would overwrite its documentation.
///
/// `--examples` documents nothing, but with it cargo selects the features of the tests, so that clippy's results are
/// used again.
const DOCUMENTED: [&str; 7] = [
    "--lib",
    "--examples",
    "--bin",
    "xtask",
    "--no-deps",
    "--document-private-items",
    "--quiet",
];

/// The checks. Tests are last, so that the run ends with their summaries.
fn checks(cargo: &Cargo, selection: &Selection, plan: &Plan) -> Result<Vec<Check>> {
    let with_selection = |before: &[&str], selected: Vec<String>, after: &[&str]| {
        let mut arguments: Vec<&str> = before.to_vec();
        arguments.extend(selected.iter().map(String::as_str));
        arguments.extend(after);
        cargo.command(&arguments)
    };
    let check = |name, command| Check {
        name,
        command,
        turn: Turn::Next,
    };
    let beside_tests = |name, command| Check {
        name,
        command,
        turn: Turn::BesideTests,
    };
    // With one engine, as in a guest's build, because every reader would see its warnings.
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
    let container_program = ["-p", "ex3-stats-tracker", "--lib", "--bins", "--no-default-features"];
    let container_program = with_selection(
        &["clippy"],
        container_program.map(str::to_owned).to_vec(),
        &["--quiet", "--", "--deny", "warnings"],
    );
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

    let (chart_tests, other_tests) = plan.test_programs.clone();
    let all_tests = &chart_tests | &other_tests;
    let tests = |kinds: &[&str], names: BTreeSet<String>, arguments: &[&str]| {
        let names = names.into_iter().flat_map(|name| ["--test".to_owned(), name]);
        let selected = selection.arguments().into_iter().chain(names).collect();
        let after = [kinds, &["--no-fail-fast"], arguments].concat();
        with_selection(&["test"], selected, &after)
    };

    // By the programs that are built by then.
    let assets = cargo.target_directory()?.join("slides").join("assets");
    let mut prepare = cargo.command(&["xtask", "slides", "--built", "--prepare"]);
    prepare.arg(&assets);
    let mut slides = cargo.in_workspace("node");
    slides.arg("slides/test/run.mjs").arg("--assets").arg(&assets);

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
        // Without the compiler and the dashboard, as in the images. All other checks have both.
        check("lints, the program of a container", container_program),
        check("documentation", documentation),
        // Cargo writes a program's list of sources only if it builds the program itself, and a test needs that list to
        // know that the program is current. Otherwise `ex1-hello --guest rust` would build both engines again.
        check(
            "build",
            with_selection(&["build"], selection.arguments(), &["--all-targets"]),
        ),
        check(
            "examples in the documentation",
            with_selection(&["test"], selection.arguments(), &["--doc"]),
        ),
        check("lints of the dashboard's Ruby", rubocop),
        beside_tests(BROWSER, browser(&[])),
        // Only the content of the pages depends on the database, so that the other tests need not run twice.
        beside_tests(BROWSER_POSTGRESQL, browser(&["--postgresql", "pages"])),
        check("what the slides are built from", prepare),
        beside_tests("the slides in a browser", slides),
        beside_tests(CHART_TESTS, tests(&[], chart_tests, &[])),
        // Each bench runs once without timing, and asserts its answer. Tests run the gem's specs and Rails' tests.
        check(
            TESTS,
            tests(&["--lib", "--bins", "--examples", "--benches"], other_tests, &[]),
        ),
    ]);
    if plan.extent == Extent::Everything {
        checks.push(check(
            LONG_TESTS,
            tests(&["--lib", "--bins"], all_tests, &["--", "--ignored"]),
        ));
    }
    checks.retain(|check| !plan.left_out.contains(check.name));
    Ok(checks)
}

/// Which tests are run, and which would pass again.
struct Plan {
    extent: Extent,
    unchanged: Unchanged,
    /// The names of the chart's test programs, and of all others that are run.
    test_programs: (BTreeSet<String>, BTreeSet<String>),
    /// The packages of the others.
    packages: BTreeSet<String>,
    /// Checks and packages' tests that are not run, since they passed with the same files.
    left_out: BTreeSet<String>,
}

/// The checks that can be left out, each with its package.
const SEPARATE: [(&str, &str); 3] = [
    (BROWSER, TRACKER_PACKAGE),
    (BROWSER_POSTGRESQL, TRACKER_PACKAGE),
    (CHART_TESTS, CHART_PACKAGE),
];

/// What the tests of a package are called where its files are stored.
fn tests_of(package: &str) -> String {
    format!("tests of {package}")
}

impl Plan {
    fn new(cargo: &Cargo, selection: &Selection, extent: Extent) -> Result<Self> {
        let metadata = cargo.metadata()?;
        let passed = cargo.build_directory()?.join("passed");
        let unchanged = Unchanged::read(cargo.workspace(), &metadata, passed, extent == Extent::Changed)?;
        let separate = SEPARATE
            .into_iter()
            .filter(|(check, package)| unchanged.leaves_out(check, package));
        let mut left_out: BTreeSet<String> = separate.map(|(check, _)| check.to_owned()).collect();
        let mut packages = BTreeSet::new();
        for package in test_programs::packages(&metadata, selection)? {
            if package == CHART_PACKAGE {
                continue;
            }
            if unchanged.leaves_out(&tests_of(&package), &package) {
                left_out.insert(tests_of(&package));
            } else {
                packages.insert(package);
            }
        }
        let is_run = |package: &str| package == CHART_PACKAGE || packages.contains(package);
        Ok(Self {
            extent,
            test_programs: test_programs::names(&metadata, CHART_PACKAGE, is_run)?,
            unchanged,
            packages,
            left_out,
        })
    }

    /// Stores what passed, and forgets what failed.
    fn store(&self, outcomes: &[Outcome]) -> Result<()> {
        for outcome in outcomes {
            let separate = SEPARATE.into_iter().find(|(check, _)| *check == outcome.name);
            let tests: Vec<_> = match separate {
                Some((check, package)) => vec![(check.to_owned(), package)],
                None if outcome.name == TESTS => {
                    let packages = self.packages.iter();
                    packages.map(|package| (tests_of(package), package.as_str())).collect()
                }
                None => continue,
            };
            for (tests, package) in tests {
                match outcome.passed {
                    true => self.unchanged.store(&tests, package)?,
                    false => self.unchanged.forget(&tests)?,
                }
            }
        }
        Ok(())
    }
}

/// Runs the checks, also after a failure, and prints a line for each and their count. Tests that the extent leaves out are
/// named.
pub(crate) fn all(cargo: &Cargo, extent: Extent) -> Result<ExitCode> {
    let selection = Selection::here(&[]);
    let start = Instant::now();
    let plan = Plan::new(cargo, &selection, extent)?;
    let outcomes = outcomes(checks(cargo, &selection, &plan)?)?;
    plan.store(&outcomes)?;
    let mut text: String = selection.notes().iter().map(|note| format!("{note}\n")).collect();
    for tests in &plan.left_out {
        text += &format!("not run, since it passed with the same files: {tests}\n");
    }
    if extent != Extent::Everything {
        text += &test_programs::left_out(outcomes.iter().flat_map(|outcome| &outcome.programs));
    }
    if deny::program().is_none() {
        text += "not checked: the dependencies' licences and sources, because cargo-deny can't be installed\n";
    }
    text += &summary(&outcomes, start.elapsed());
    // An error of printing does not change the result of the checks.
    _ = command_line::print_styled(&text);
    Ok(verdict(&outcomes))
}

/// Runs the checks, each at its time.
fn outcomes(checks: Vec<Check>) -> Result<Vec<Outcome>> {
    let (mut beside, next): (Vec<_>, Vec<_>) = checks.into_iter().partition(|check| check.turn == Turn::BesideTests);
    let mut outcomes = Vec::new();
    thread::scope(|scope| {
        let mut running = None;
        for check in next {
            if check.name == TESTS {
                let beside = std::mem::take(&mut beside);
                running = Some(scope.spawn(|| beside.into_iter().map(outcome).collect::<Result<Vec<_>>>()));
            }
            outcomes.push(outcome(check)?);
        }
        if let Some(running) = running {
            outcomes.extend(running.join().expect("running a check does not panic")?);
        }
        for check in beside {
            outcomes.push(outcome(check)?);
        }
        Ok(outcomes)
    })
}

fn outcome(
    Check {
        name,
        mut command,
        turn,
    }: Check,
) -> Result<Outcome> {
    let start = Instant::now();
    let (passed, programs) = match (name, turn) {
        (TESTS | LONG_TESTS, _) => test_programs::run(command, &mut io::stdout())?,
        (CHART_TESTS, _) => {
            let mut output = Vec::new();
            let ended = test_programs::run(command, &mut output)?;
            print_at_once(&output);
            ended
        }
        (_, Turn::Next) => (announce_and_run(&mut command)?.success(), Vec::new()),
        (_, Turn::BesideTests) => (run_and_print_at_the_end(command)?, Vec::new()),
    };
    Ok(Outcome {
        name,
        passed,
        seconds: start.elapsed().as_secs(),
        programs,
    })
}

/// Runs the command, then prints it with its output as a whole, so that no other output is in between.
fn run_and_print_at_the_end(command: Command) -> Result<bool> {
    let mut output = format!("{}\n", bold(format!("$ {}", command_line::typed(&command)))).into_bytes();
    let (mut child, mut reader) = spawn_into_pipe(command)?;
    reader.read_to_end(&mut output)?;
    print_at_once(&output);
    Ok(child.wait()?.success())
}

fn print_at_once(output: &[u8]) {
    // A closed stdout is no failure of a check.
    _ = io::stdout().lock().write_all(output);
}

/// A line for each check and below it one for each of its test programs, the longest first; then the number of checks.
fn summary(outcomes: &[Outcome], in_all: Duration) -> String {
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
    text + &format!(
        "  {} s in all\n{} passed, {failed} failed\n",
        in_all.as_secs(),
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
                turn: Turn::Next,
            })
        };
        let passed = outcome("passes", "true").unwrap();
        let failed = outcome("fails", "false").unwrap();
        assert_eq!(verdict(&[]), ExitCode::SUCCESS);
        assert_eq!(verdict(std::slice::from_ref(&passed)), ExitCode::SUCCESS);
        assert_eq!(verdict(&[failed, passed]), ExitCode::FAILURE);
    }

    #[test]
    fn the_longest_check_is_first() {
        let outcome = |name, passed, seconds| Outcome {
            name,
            passed,
            seconds,
            programs: Vec::new(),
        };
        let outcomes = [outcome("quick", true, 1), outcome("slow", false, 100)];
        let text = summary(&outcomes, Duration::from_secs(101));
        assert!(text.find("slow").unwrap() < text.find("quick").unwrap(), "{text}");
        assert!(text.ends_with("  101 s in all\n1 passed, 1 failed\n"), "{text}");
    }

    #[test]
    fn a_check_beside_the_tests_counts_like_any_other() {
        let check = |name, script: &str, turn| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            Check { name, command, turn }
        };
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("tests-run");
        let file = file.display();
        let wait = format!("for _ in $(seq 600); do [ -e '{file}' ] && exit; sleep 0.1; done; exit 1");
        let outcomes = outcomes(vec![
            check("waits for the tests", &wait, Turn::BesideTests),
            check("fails", "exit 3", Turn::BesideTests),
            check("first", "true", Turn::Next),
            check(TESTS, &format!("touch '{file}'"), Turn::Next),
        ])
        .unwrap();
        let verdicts: Vec<_> = outcomes.iter().map(|outcome| (outcome.name, outcome.passed)).collect();
        assert_eq!(
            verdicts,
            [
                ("first", true),
                (TESTS, true),
                ("waits for the tests", true),
                ("fails", false)
            ]
        );
        assert_eq!(verdict(&outcomes), ExitCode::FAILURE);
    }
}
