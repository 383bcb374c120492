//! Runs cargo's test programs, passes on their output, and reads the duration of each from it.

use std::collections::BTreeSet;
use std::env;
use std::io::{self, BufRead, BufReader, IsTerminal, PipeReader, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use system::command_line;

use crate::run::{announce, spawn_into_pipe};
use crate::selection::Selection;

/// The time without output after which a test counts as hanging. The longest silent work is Go's compiler, which builds
/// Kubernetes for the tests on a new machine.
const SILENCE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// A test program that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TestProgram {
    /// Cargo's name without the path of the executable: `tests/cli.rs`.
    pub(crate) name: String,
    /// The duration that the program prints.
    pub(crate) seconds: f64,
    /// The tests that are marked as `#[ignore]` and were not run, with the reasons.
    pub(crate) ignored: Vec<String>,
}

/// The selected packages that have test programs in `tests/`.
pub(crate) fn packages(metadata: &Value, selection: &Selection) -> Result<BTreeSet<String>> {
    let packages = described(metadata)?.filter(|(name, tests)| !selection.excludes(name) && !tests.is_empty());
    Ok(packages.map(|(name, _)| name.to_owned()).collect())
}

/// The names of the test programs in `tests/` of a package, and of all others that are run. Cargo selects test programs
/// only by name, so that a name in both sets is an error.
pub(crate) fn names(
    metadata: &Value,
    package: &str,
    is_run: impl Fn(&str) -> bool,
) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let mut names = (BTreeSet::new(), BTreeSet::new());
    for (name, tests) in described(metadata)?.filter(|(name, _)| is_run(name)) {
        match name == package {
            true => names.0.extend(tests),
            false => names.1.extend(tests),
        }
    }
    ensure!(!names.0.is_empty(), "{package} has no test programs");
    if let Some(both) = names.0.intersection(&names.1).next() {
        bail!("tests/{both}.rs of {package} has the name of another package's test program: rename it");
    }
    Ok(names)
}

/// Each package with the names of its test programs.
fn described(metadata: &Value) -> Result<impl Iterator<Item = (&str, BTreeSet<String>)>> {
    let packages = metadata["packages"].as_array();
    let packages = packages.context("the output of cargo metadata has no packages")?;
    Ok(packages.iter().map(|package| {
        let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let tests = targets
            .iter()
            .filter(|target| target["kind"] == json!(["test"]))
            .filter_map(|target| Some(target["name"].as_str()?.to_owned()));
        (package["name"].as_str().unwrap_or_default(), tests.collect())
    }))
}

/// Runs `cargo test`. Returns whether it passed, and its programs.
///
/// Standard output and standard error go to `output` through one pipe, which keeps their order: cargo prints the name
/// of a program to one, and the program prints its duration to the other.
///
/// # Errors
/// The command can't be started, or its output can't be read.
pub(crate) fn run(mut command: Command, output: &mut impl Write) -> Result<(bool, Vec<TestProgram>)> {
    announce(&command);
    if io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let (child, reader) = spawn_into_pipe(command)?;
    watch(child, reader, SILENCE_LIMIT, output)
}

fn watch(
    mut child: Child,
    reader: PipeReader,
    limit: Duration,
    output: &mut impl Write,
) -> Result<(bool, Vec<TestProgram>)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                break;
            }
        }
    });
    let mut programs = Programs::default();
    loop {
        match receiver.recv_timeout(limit) {
            Ok(line) => {
                // A closed output does not stop the tests.
                _ = output.write_all(&line);
                programs.read(&String::from_utf8_lossy(&line));
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                // Listed before they are killed, because their wait channels show which process hangs.
                _ = output.write_all(descendants(child.id()).as_bytes());
                child.kill()?;
                command_line::note(format_args!(
                    "error: {} printed nothing for {} minutes and was killed",
                    programs.current.as_deref().unwrap_or("cargo"),
                    limit.as_secs() / 60
                ));
                break;
            }
        }
    }
    let status = child.wait()?;
    Ok((status.success(), programs.ended))
}

/// A line for the process `root` and each of its descendants: id, parent's id, state, age, wait channel (a kernel
/// function) and command. Empty without `ps`.
fn descendants(root: u32) -> String {
    let output = Command::new("ps")
        .args(["-eo", "pid=,ppid=,stat=,etime=,wchan:24=,args="])
        .env("COLUMNS", "180")
        .output();
    let Ok(output) = output else { return String::new() };
    let processes = String::from_utf8_lossy(&output.stdout);
    let number = |line: &str, column| line.split_whitespace().nth(column)?.parse::<u32>().ok();
    // A parent can be listed after its children.
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(
            processes
                .lines()
                .filter(|line| number(line, 1) == Some(parent))
                .filter_map(|line| number(line, 0)),
        );
        next += 1;
    }
    let lines = processes
        .lines()
        .filter(|line| number(line, 0).is_some_and(|process| family.contains(&process)));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Collects the test programs from the lines of the output.
#[derive(Default)]
struct Programs {
    current: Option<String>,
    /// The ignored tests of the current program.
    ignored: Vec<String>,
    ended: Vec<TestProgram>,
}

impl Programs {
    fn read(&mut self, line: &str) {
        let line = anstream::adapter::strip_str(line).to_string();
        if let Some(name) = line.trim_start().strip_prefix("Running ") {
            let name = name.split(" (").next().unwrap_or(name);
            self.current = Some(name.trim_start_matches("unittests ").trim().to_owned());
            self.ignored.clear();
        } else if let Some((test, reason)) = line.split_once(" ... ignored")
            && let Some(name) = test.strip_prefix("test ")
        {
            let reason = reason.trim_start_matches(", ").trim_end();
            self.ignored.push(format!("{name} ({reason})"));
        } else if line.starts_with("test result: ")
            && let Some((_, time)) = line.trim_end().rsplit_once("finished in ")
            && let Some(seconds) = time.strip_suffix('s').and_then(|seconds| seconds.parse().ok())
        {
            self.ended.push(TestProgram {
                name: self.current.clone().unwrap_or_default(),
                seconds,
                ignored: std::mem::take(&mut self.ignored),
            });
        }
    }
}

/// A line with the tests that were not run because they take long; empty without any.
pub(crate) fn left_out<'a>(programs: impl Iterator<Item = &'a TestProgram>) -> String {
    let tests = programs.flat_map(|program| program.ignored.iter().map(|test| format!("{}, {test}", program.name)));
    match tests.collect::<Vec<_>>() {
        tests if tests.is_empty() => String::new(),
        tests => format!(
            "not run, since they take long; `cargo xtask test --everything` runs them: {}\n",
            tests.join("; ")
        ),
    }
}

/// A line for each program that took a second or more, the longest first.
pub(crate) fn summary(programs: &[TestProgram]) -> String {
    let mut long: Vec<_> = programs.iter().filter(|program| program.seconds >= 1.0).collect();
    long.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    let lines = long
        .iter()
        .map(|program| format!("          {:>5.0} s  {}\n", program.seconds, program.name));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> (bool, Vec<TestProgram>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let (child, reader) = spawn_into_pipe(command).unwrap();
        // Not to this test's output, where the summaries would look like real ones.
        watch(child, reader, limit, &mut io::sink()).unwrap()
    }

    #[test]
    fn a_process_is_listed_with_its_children() {
        let mut shell = Command::new("sh").args(["-c", "sleep 600 & wait"]).spawn().unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        let listed = loop {
            let listed = descendants(shell.id());
            if listed.contains("sleep 600") || std::time::Instant::now() > deadline {
                break listed;
            }
        };
        shell.kill().unwrap();
        shell.wait().unwrap();
        let child = listed.lines().find(|line| line.ends_with("sleep 600"));
        let child = child.unwrap_or_else(|| panic!("the shell's child is not in {listed}"));
        let number = child.split_whitespace().next().unwrap();
        assert!(Command::new("kill").arg(number).status().unwrap().success());
        assert_eq!(listed.lines().count(), 2, "{listed}");
    }

    #[test]
    fn each_program_has_its_time() {
        let (passed, programs) = shell(
            "echo '     Running unittests src/lib.rs (target/debug/deps/a-1)' >&2
             echo 'test quick ... ok'
             echo 'test slow ... ignored, it builds a compiler'
             echo 'test result: ok. 1 passed; 0 failed; finished in 0.25s'
             printf '\\033[1m\\033[32m     Running\\033[0m tests/cli.rs (target/debug/deps/cli-2)\\n' >&2
             echo 'test result: FAILED. 1 passed; 1 failed; finished in 61.50s'
             exit 101",
            SILENCE_LIMIT,
        );
        assert!(!passed);
        let program = |name: &str, seconds, ignored: &[&str]| TestProgram {
            name: name.to_owned(),
            seconds,
            ignored: ignored.iter().map(|test| (*test).to_owned()).collect(),
        };
        assert_eq!(
            programs,
            [
                program("src/lib.rs", 0.25, &["slow (it builds a compiler)"]),
                program("tests/cli.rs", 61.5, &[])
            ]
        );
        let line = left_out(programs.iter());
        assert!(
            line.ends_with(" runs them: src/lib.rs, slow (it builds a compiler)\n"),
            "{line}"
        );
        assert_eq!(left_out(programs[1..].iter()), "");
        assert_eq!(summary(&programs).lines().count(), 1);
        assert!(
            summary(&programs).contains("62 s  tests/cli.rs"),
            "{}",
            summary(&programs)
        );
    }

    #[test]
    fn a_packages_test_programs_are_separated_from_the_others() {
        let package = |name, tests: &[&str]| {
            let tests = tests.iter().map(|test| json!({ "kind": ["test"], "name": test }));
            let library = json!({ "kind": ["lib"], "name": name });
            json!({ "name": name, "targets": tests.chain([library]).collect::<Vec<_>>() })
        };
        let metadata = |packages: &[Value]| json!({ "packages": packages });
        let selection = Selection::here(&[]);
        let is_run = |package: &str| !selection.excludes(package);
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();

        let chart = package("chart", &["node", "life"]);
        let known = metadata(&[
            chart.clone(),
            package("other", &["cli"]),
            package("parser-fuzz", &["never"]),
        ]);
        assert_eq!(
            names(&known, "chart", is_run).unwrap(),
            (set(&["life", "node"]), set(&["cli"]))
        );
        let twice = names(&metadata(&[chart, package("other", &["life"])]), "chart", is_run);
        assert!(twice.unwrap_err().to_string().contains("tests/life.rs of chart"));
        assert!(names(&known, "gone", is_run).is_err());
        assert_eq!(packages(&known, &selection).unwrap(), set(&["chart", "other"]));
        let without_other = names(&known, "chart", |package| package == "chart");
        assert_eq!(without_other.unwrap(), (set(&["life", "node"]), set(&[])));
    }

    #[test]
    fn a_silent_program_is_killed() {
        let (passed, programs) = shell(
            "echo '     Running tests/hangs.rs (deps/hangs-1)'; exec sleep 600",
            Duration::from_millis(300),
        );
        assert!(!passed && programs.is_empty());
    }
}
