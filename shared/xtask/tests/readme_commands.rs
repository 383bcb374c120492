//! Every command of every README, as a reader types it: by a shell, at the workspace's root, on a machine that has what
//! `cargo xtask setup` installs.
//!
//! What can't be run is [listed](NOT_RUN) with its reason, and what serves until it is stopped is [stopped](STOPPED).
//! `cargo run -p NAME` runs the program that the whole workspace's build made, as in `cargo xtask readme`: the same
//! program, without a build for that package alone. There is no network but the machine's own, so that nothing is asked
//! of anybody, and that a port which a README names is free.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What a command of a README begins with. Other code spans are names, options or values.
const PROGRAMS: [&str; 24] = [
    "bin/rails ",
    "bundle ",
    "cargo bench",
    "cargo build",
    "cargo run",
    "cargo test",
    "cargo xtask",
    "cd ",
    "curl ",
    "export ",
    "helm ",
    "kubectl ",
    "node ",
    "npm ",
    "openssl ",
    "psql ",
    "puma",
    "rake ",
    "RAILS_TESTS=",
    "ruby -",
    "skopeo ",
    "spin build",
    "spin up",
    "SPIN_VARIABLE",
];

/// How long a command may take, in seconds.
const TIME_LIMIT: u64 = 240;

const TESTS: &str = "it is among the checks of `cargo xtask test` itself";
const BENCH: &str = "it measures for minutes; the tests run each bench once";
const GITHUB: &str = "it goes on asking github.com; its like with --stand-in is run";
const CLUSTER: &str = "it needs a cluster; shared/cluster's tests type what the walk-through shows";
const SPIN: &str = "it needs Spin, which the set-up does not install";
const GEM: &str = "the gem's own tests type it (ex2-parser/gem)";
const RUBY: &str = "it needs a Ruby with Rails of the reader's own";
const PART: &str = "it is a part of a command, named in a sentence";
const ALONE: &str = "it depends on the commands before it, of which one is not run";
const WRITES: &str = "it changes the checkout, and is what `cargo xtask setup` runs";

/// Commands that are not run, each by its README and how it begins (or all of it, with a `$`), and why.
const NOT_RUN: &[(&str, &str, &str)] = &[
    (
        "README.md",
        "cargo xtask demo",
        "it is the set-up, and then a command that is run",
    ),
    ("README.md", "cargo xtask test", TESTS),
    ("README.md", "cargo xtask bench", BENCH),
    ("README.md", "cargo xtask matrix --compare", PART),
    ("ex1-hello/README.md", "cargo bench", BENCH),
    ("ex1-hello/README.md", "cargo test", TESTS),
    ("ex1-hello/README.md", "rake ", GEM),
    ("ex1-hello/README.md", "ruby -", GEM),
    (
        "ex1-hello/README.md",
        "cargo run -p ex1-hello -- --guest ruby",
        "npm fetches Ruby first; ex1-hello's own tests run it",
    ),
    (
        "ex1-hello/README.md",
        "cargo run -p ex1-hello -- FILE",
        "FILE stands for one of the reader's",
    ),
    ("ex2-parser/README.md", "cargo bench", BENCH),
    (
        "ex2-parser/README.md",
        "cargo run -q -p ex2-parser -- page.html",
        "page.html stands for one of the reader's",
    ),
    (
        "ex2-parser/README.md",
        "cargo run -q -p ex2-parser --example drift-gauntlet -- page.html",
        "page.html stands for one of the reader's",
    ),
    ("ex2-parser/gem/README.md", "", GEM),
    (
        "ex3-stats-tracker/README.md",
        "cargo xtask setup",
        "`cargo xtask test` begins with it",
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p ex3-stats-tracker -- --org ORG",
        GITHUB,
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p images",
        "it compiles for minutes; shared/images' tests build each",
    ),
    (
        "ex3-stats-tracker/README.md",
        "skopeo copy",
        "it needs a registry of the reader's",
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo build --release",
        "it compiles for minutes; shared/images builds the same",
    ),
    ("ex3-stats-tracker/README.md", "cargo bench", BENCH),
    ("ex3-stats-tracker/README.md", "bundle check", RUBY),
    ("ex3-stats-tracker/README.md", "cd ex3-stats-tracker/spin", SPIN),
    ("ex3-stats-tracker/README.md", "cargo run -p ex3-stats-tracker$", GITHUB),
    ("ex3-stats-tracker/README.md", "CHART=", CLUSTER),
    ("ex3-stats-tracker/README.md", "CLUSTER=", CLUSTER),
    ("ex3-stats-tracker/README.md", "FLUX_OPERATOR=", CLUSTER),
    ("ex3-stats-tracker/README.md", "SPIN_VARIABLE", SPIN),
    ("ex3-stats-tracker/README.md", "curl ", "it asks what `spin up` serves"),
    ("ex3-stats-tracker/README.md", "helm ", CLUSTER),
    ("ex3-stats-tracker/README.md", "kubectl ", CLUSTER),
    ("ex3-stats-tracker/rails/README.md", "bin/rails", PART),
    ("ex3-stats-tracker/rails/README.md", "bundle install", RUBY),
    (
        "ex3-stats-tracker/rails/README.md",
        "cargo run -p debian-root --$",
        PART,
    ),
    (
        "ex3-stats-tracker/rails/README.md",
        "cargo run -p debian-root -- bin/rails db:migrate",
        ALONE,
    ),
    (
        "ex3-stats-tracker/rails/README.md",
        "cargo run -p debian-root -- bin/rails 'stats:benchmark",
        BENCH,
    ),
    (
        "ex3-stats-tracker/rails/README.md",
        "cargo run --release",
        "it compiles for minutes",
    ),
    ("ex3-stats-tracker/rails/README.md", "cargo test", TESTS),
    ("ex3-stats-tracker/rails/README.md", "RAILS_TESTS=", TESTS),
    ("ex3-stats-tracker/rails/README.md", "export ", ALONE),
    ("ex3-stats-tracker/rails/README.md", "node ", TESTS),
    ("ex3-stats-tracker/rails/README.md", "npm ", WRITES),
    ("ex3-stats-tracker/deploy/README.md", "", CLUSTER),
    ("charts/stats-tracker/README.md", "", CLUSTER),
];

/// Commands that go on until they are stopped: what they print once they are ready.
const STOPPED: &[(&str, &str, &str)] = &[
    (
        "ex1-hello/README.md",
        "cargo run -p ex1-hello -- serve",
        "http://127.0.0.1:8000/",
    ),
    (
        "README.md",
        "cargo run -p ex3-stats-tracker -- --stand-in --history 400",
        "http://127.0.0.1:3000",
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p ex3-stats-tracker -- --stand-in --history 400",
        "http://127.0.0.1:3000",
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p ex3-stats-tracker -- serve --stand-in",
        "http://127.0.0.1:3000",
    ),
    (
        "ex3-stats-tracker/rails/README.md",
        "cd ex3-stats-tracker/rails",
        "http://127.0.0.1:3000",
    ),
];

/// Commands that end with another exit code than 0, as their READMEs say or as they must without a network.
const ENDS: &[(&str, &str, i32)] = &[
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p ex3-stats-tracker -- measure --org fluxcd",
        69,
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p ex3-stats-tracker -- measure --json",
        69,
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p ex3-stats-tracker -- measure --stand-in --stand-in-fault flagger=title-dropped",
        65,
    ),
    (
        "ex3-stats-tracker/README.md",
        "cargo run -p ex3-stats-tracker -- measure --stand-in --stand-in-fault helm-controller=429",
        69,
    ),
];

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Typed {
    readme: String,
    command: String,
}

impl Typed {
    /// Whether an entry of a list is of this command.
    fn is(&self, readme: &str, beginning: &str) -> bool {
        let fits = match beginning.strip_suffix('$') {
            Some(whole) => self.command == whole,
            None => self.command.starts_with(beginning),
        };
        self.readme == readme && fits
    }

    /// What a list says of it.
    fn entry<T: Copy>(&self, list: &[(&str, &str, T)]) -> Option<T> {
        let mut fits = list.iter().filter(|(readme, beginning, _)| self.is(readme, beginning));
        fits.next().map(|(.., value)| *value)
    }
}

/// The READMEs' commands: the lines of their `sh` blocks, and the code spans that begin as a command does.
fn commands() -> BTreeSet<Typed> {
    let listed = Command::new("git")
        .args(["ls-files", "*README.md"])
        .current_dir(workspace())
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.lines().count() >= 8, "{listed}");
    let mut all = BTreeSet::new();
    for readme in listed.lines() {
        let text = fs::read_to_string(workspace().join(readme)).unwrap();
        all.extend(in_text(&text).into_iter().map(|command| Typed {
            readme: readme.to_owned(),
            command,
        }));
    }
    all
}

fn in_text(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let text = text.replace("\\\n", " ");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "```sh" {
            let block = lines.by_ref().take_while(|line| *line != "```").map(without_comment);
            let block: Vec<&str> = block.filter(|line| !line.is_empty()).collect();
            // What is typed after a change of the directory depends on it.
            match block.first().is_some_and(|first| first.starts_with("cd ")) {
                true => found.push(block.join(" && ")),
                false => found.extend(block.into_iter().map(str::to_owned)),
            }
        } else if line.starts_with("```") {
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        } else {
            // A table's pipes are escaped.
            let line = line.replace("\\|", "|");
            let spans = line.split('`').skip(1).step_by(2).map(str::trim);
            let is_command = |span: &&str| {
                let names_more = |program: &&str| span.starts_with(*program) && span.len() > program.len();
                PROGRAMS.iter().any(names_more)
            };
            // `[URL]` may be left out.
            found.extend(spans.filter(is_command).map(|span| match span.split_once(" [") {
                Some((before, _)) => before.to_owned(),
                None => span.to_owned(),
            }));
        }
    }
    found
}

fn without_comment(line: &str) -> &str {
    line.split_once(" # ").map_or(line, |(command, _)| command).trim()
}

#[test]
fn commands_are_found_in_blocks_tables_and_sentences() {
    let text = "Run `cargo run -p a`:\n\n```sh\ncargo run -p b \\\n  -- c   # does c\n\n```\n\n| `cargo run -p d \\| head` | `name` |\n\
                ```text\ncargo run -p no\n```\n`cargo run -p e -- qr [URL]`\n```sh\ncd f\nspin build\n```\n";
    let found = [
        "cargo run -p a",
        "cargo run -p b    -- c",
        "cargo run -p d | head",
        "cargo run -p e -- qr",
        "cd f && spin build",
    ];
    assert_eq!(in_text(text), found);
}

/// A `cargo` that runs the programs which were built, and is cargo for the rest.
fn cargo_of_what_was_built(directory: &Path) {
    let built = Path::new(env!("CARGO_BIN_EXE_xtask")).parent().unwrap().display();
    let cargo = env!("CARGO");
    let script = format!(
        r#"#!/bin/sh
if [ "$1" = xtask ]; then shift; exec '{built}/xtask' "$@"; fi
if [ "$1" = run ]; then
  program=
  case "$2" in -q) case "$3" in -p) program=$4; skip=4;; esac;; -p) program=$3; skip=3;; esac
  # With an option more, another target is meant than the program.
  if [ -n "$program" ] && [ -x "{built}/$program" ]; then
    if [ $# = "$skip" ]; then exec "{built}/$program"; fi
    eval "next=\${{$((skip + 1))}}"
    if [ "$next" = -- ]; then shift "$((skip + 1))"; exec "{built}/$program" "$@"; fi
  fi
fi
exec '{cargo}' "$@"
"#
    );
    let path = directory.join("cargo");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A shell that a command is typed into.
fn shell(command: &str, programs: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs.to_owned()].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut shell = Command::new("timeout");
    shell.args(["--kill-after=10", &TIME_LIMIT.to_string()]);
    // Its own network, in which there is nothing but the loopback.
    shell.args([
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--unshare-net",
        "--die-with-parent",
        "sh",
        "-c",
        command,
    ]);
    shell
        .current_dir(workspace())
        .env("PATH", path)
        // Figures that a test invents are not the reader's.
        .env("XDG_DATA_HOME", programs)
        .env("STATS_TRACKER_STORAGE", programs)
        .stdin(Stdio::null());
    shell
}

fn text(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr].concat();
    let all = String::from_utf8_lossy(&all).into_owned();
    let lines: Vec<&str> = all.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Runs a command to its end.
fn run(typed: &Typed, programs: &Path) -> Result<(), String> {
    let output = shell(&typed.command, programs)
        .output()
        .map_err(|error| error.to_string())?;
    let expected = typed.entry(ENDS).unwrap_or(0);
    let said = text(&output);
    match output.status.code() == Some(expected) && !said.contains("panicked") {
        true => Ok(()),
        false => Err(format!("ended with {}, not {expected}:\n{said}", output.status)),
    }
}

/// Runs a command until it says that it is ready, and stops it as Ctrl-C does.
fn run_and_stop(typed: &Typed, ready: &str, programs: &Path) -> Result<(), String> {
    let mut shell = shell(&typed.command, programs);
    let mut child = shell
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let said = Arc::new(Mutex::new(Vec::new()));
    let streams: [Box<dyn Read + Send>; 2] = [
        Box::new(child.stdout.take().unwrap()),
        Box::new(child.stderr.take().unwrap()),
    ];
    for mut stream in streams {
        let said = Arc::clone(&said);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut bytes) {
                said.lock().unwrap().extend(&bytes[..length]);
            }
        });
    }
    let says = || String::from_utf8_lossy(&said.lock().unwrap()).into_owned();
    let started = Instant::now();
    let mut ended = None;
    while !says().contains(ready) && ended.is_none() && started.elapsed() < Duration::from_secs(TIME_LIMIT) {
        thread::sleep(Duration::from_millis(100));
        ended = child.try_wait().map_err(|error| error.to_string())?;
    }
    let was_ready = says().contains(ready);
    // To the program itself: `timeout`, bwrap and the shell stand before it.
    let mut process = child.id();
    while let Some(below) = only_child(process) {
        process = below;
        if !is_in_between(process) {
            break;
        }
    }
    let _ = Command::new("kill").args(["-INT", &process.to_string()]).status();
    let status = child.wait().map_err(|error| error.to_string())?;
    match was_ready && status.code() == Some(0) {
        true => Ok(()),
        false => Err(format!(
            "was to say {ready:?} and to end with 0 after Ctrl-C, {status}:\n{}",
            says()
        )),
    }
}

fn only_child(process: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn is_in_between(process: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    ["timeout", "bwrap", "sh", "cargo"].contains(&name.trim())
}

#[test]
#[ignore = "not part of every run until the time of each command is known"]
fn every_command_runs_as_it_stands_there() {
    let directory = tempfile::tempdir().unwrap();
    cargo_of_what_was_built(directory.path());
    let mut failures = Vec::new();
    let mut reasons = BTreeSet::new();
    let mut done: BTreeSet<String> = BTreeSet::new();
    for typed in commands() {
        if let Some(why) = typed.entry(NOT_RUN) {
            reasons.insert(format!("not run: {}: {}: {why}", typed.readme, typed.command));
            continue;
        }
        if !done.insert(typed.command.clone()) {
            continue;
        }
        let started = Instant::now();
        let result = match typed.entry(STOPPED) {
            Some(ready) => run_and_stop(&typed, ready, directory.path()),
            None => run(&typed, directory.path()),
        };
        println!("{} s: {}: {}", started.elapsed().as_secs(), typed.readme, typed.command);
        if let Err(failure) = result {
            failures.push(format!("{}: {}: {failure}", typed.readme, typed.command));
        }
    }
    reasons.iter().for_each(|reason| println!("{reason}"));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A reason for a command that is no longer there would hide another one some day.
#[test]
fn every_entry_of_the_lists_is_of_a_command() {
    let commands = commands();
    let listed = NOT_RUN.iter().map(|(readme, beginning, _)| (readme, beginning));
    let listed = listed.chain(STOPPED.iter().map(|(readme, beginning, _)| (readme, beginning)));
    let listed = listed.chain(ENDS.iter().map(|(readme, beginning, _)| (readme, beginning)));
    let is_one = |readme: &str, beginning: &str| {
        let mut commands = commands.iter();
        commands.any(|typed| typed.is(readme, beginning))
    };
    let gone: Vec<_> = listed
        .filter(|(readme, beginning)| !is_one(readme, beginning))
        .collect();
    assert!(gone.is_empty(), "no README has such a command any more: {gone:?}");
}
