//! Every command of every README, as a reader types it: by a shell, at the workspace's root, on a machine that has what
//! `cargo xtask setup` installs.
//!
//! [What is not run, and what ends otherwise](EXCEPTIONS), is listed with its reason. `cargo run -p NAME` runs the program
//! that the whole workspace's build made, as in `cargo xtask readme`: the same program, without a build for that package
//! alone. There is no network but the machine's own, so that nothing is asked of anybody, and that a port which a README
//! names is free.
//!
//! No `trycmd`: it runs `$ ` lines of `console` blocks with their output beside them, by no shell, one program to its end.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use system::workspace;

use Manner::{Code, NotRun, Until};

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
const TIME_LIMIT: u32 = 240;

/// How a command is run that does not end with 0 by itself.
#[derive(Clone, Copy)]
enum Manner {
    /// Not at all, for this reason.
    NotRun(&'static str),
    /// Until it prints this. It is stopped then, and ends with 0.
    Until(&'static str),
    /// To its end, with this exit code: its README says so, or there is no network.
    Code(i32),
}

const TESTS: Manner = NotRun("it is among the checks of `cargo xtask test` itself");
const BENCH: Manner = NotRun("it measures for minutes; the tests run each bench once");
const BUILD: Manner = NotRun("it compiles for minutes");
const GITHUB: Manner = NotRun("it goes on asking github.com; its like with --stand-in is run");
const CLUSTER: Manner = NotRun("it needs a cluster; charts/cluster's tests type what the walk-through shows");
const SPIN: Manner = NotRun("it needs Spin, which the set-up does not install");
const GEM: Manner = NotRun("the gem's own tests type it (ex2-parser/gem)");
const RUBY: Manner = NotRun("it needs a Ruby with Rails of the reader's own");
const PART: Manner = NotRun("it is a part of a command, named in a sentence");
const ALONE: Manner = NotRun("it depends on the commands before it, of which one is not run");
const WRITES: Manner = NotRun("it changes the checkout, and is what `cargo xtask setup` runs");
const PAGE: Manner = NotRun("page.html stands for one of the reader's");
const DASHBOARD: Manner = Until("http://127.0.0.1:3000");

/// For each README how its commands begin that are not run to an end with 0. A `$` stands for a command's end. The first
/// entry that fits counts.
const EXCEPTIONS: &[(&str, &[(&str, Manner)])] = &[
    (
        "README.md",
        &[
            (
                "cargo xtask demo",
                NotRun("it is the set-up, and then a command that is run"),
            ),
            ("cargo xtask test", TESTS),
            ("cargo xtask bench", BENCH),
            ("cargo xtask matrix --compare", PART),
            ("cargo run -p ex3-stats-tracker -- --stand-in --history 400", DASHBOARD),
        ],
    ),
    (
        "ex1-hello/README.md",
        &[
            ("cargo bench", BENCH),
            ("cargo test", TESTS),
            ("rake ", GEM),
            ("ruby -", GEM),
            (
                "cargo run -p ex1-hello -- --guest ruby",
                NotRun("npm fetches Ruby first; ex1-hello's own tests run it"),
            ),
            (
                "cargo run -p ex1-hello -- FILE",
                NotRun("FILE stands for one of the reader's"),
            ),
            ("cargo run -p ex1-hello -- serve", Until("http://127.0.0.1:8000/")),
        ],
    ),
    (
        "ex2-parser/README.md",
        &[
            ("cargo bench", BENCH),
            ("cargo run -q -p ex2-parser -- page.html", PAGE),
            ("cargo run -q -p ex2-parser --example drift-gauntlet -- page.html", PAGE),
        ],
    ),
    ("ex2-parser/gem/README.md", &[("", GEM)]),
    (
        "ex3-stats-tracker/README.md",
        &[
            ("cargo xtask setup", NotRun("`cargo xtask test` begins with it")),
            ("cargo xtask guests", TESTS),
            (
                "KILLS=1000 cargo test",
                NotRun("it takes hours; the same test with 50 kills is among the checks"),
            ),
            ("cargo run -p ex3-stats-tracker$", GITHUB),
            ("cargo run -p ex3-stats-tracker -- --org ORG", GITHUB),
            ("cargo run -p ex3-stats-tracker -- --stand-in --history 400", DASHBOARD),
            ("cargo run -p ex3-stats-tracker -- serve --stand-in", DASHBOARD),
            ("cargo run -p ex3-stats-tracker -- measure --org fluxcd", Code(69)),
            ("cargo run -p ex3-stats-tracker -- measure --json", Code(69)),
            (
                "cargo run -p ex3-stats-tracker -- measure --stand-in --stand-in-fault flagger=title-dropped",
                Code(65),
            ),
            (
                "cargo run -p ex3-stats-tracker -- measure --stand-in --stand-in-fault helm-controller=429",
                Code(69),
            ),
            (
                "cargo run -p images",
                NotRun("it compiles for minutes; ex3-stats-tracker/images' tests build each"),
            ),
            (
                "cargo build --release",
                NotRun("it compiles for minutes; ex3-stats-tracker/images builds the same"),
            ),
            ("cargo bench", BENCH),
            ("skopeo copy", NotRun("it needs a registry of the reader's")),
            ("bundle check", RUBY),
            ("cd ex3-stats-tracker/spin", SPIN),
            ("SPIN_VARIABLE", SPIN),
            ("curl ", NotRun("it asks what `spin up` serves")),
            ("CHART=", CLUSTER),
            ("CLUSTER=", CLUSTER),
            ("FLUX_OPERATOR=", CLUSTER),
            ("helm ", CLUSTER),
            ("kubectl ", CLUSTER),
        ],
    ),
    (
        "ex3-stats-tracker/rails/README.md",
        &[
            ("bin/rails", PART),
            ("bundle install", RUBY),
            ("cd ex3-stats-tracker/rails", DASHBOARD),
            ("cargo run -p system --bin debian-root --$", PART),
            ("cargo run -p system --bin debian-root -- bin/rails db:migrate", ALONE),
            (
                "cargo run -p system --bin debian-root -- bin/rails 'stats:benchmark",
                BENCH,
            ),
            ("cargo run --release", BUILD),
            ("cargo test", TESTS),
            ("RAILS_TESTS=", TESTS),
            ("export ", ALONE),
            ("node ", TESTS),
            ("npm ", WRITES),
        ],
    ),
    ("ex3-stats-tracker/deploy/README.md", &[("", CLUSTER)]),
    ("charts/stats-tracker/README.md", &[("", CLUSTER)]),
    (
        "slides/README.md",
        &[
            (
                "cargo xtask slides",
                NotRun("the talk's own tests make, build, serve and print the slides"),
            ),
            ("cargo xtask matrix --compare", PART),
            ("cargo xtask readme --write", PART),
            ("node ", TESTS),
            ("npm ", WRITES),
        ],
    ),
];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Typed {
    readme: String,
    command: String,
}

impl Typed {
    /// Whether it begins like this.
    fn begins(&self, beginning: &str) -> bool {
        match beginning.strip_suffix('$') {
            Some(whole) => self.command == whole,
            None => self.command.starts_with(beginning),
        }
    }

    /// How it is run, where that is an exception.
    fn manner(&self) -> Option<Manner> {
        let (_, entries) = EXCEPTIONS.iter().find(|(readme, _)| self.readme == *readme)?;
        let (_, manner) = entries.iter().find(|(beginning, _)| self.begins(beginning))?;
        Some(*manner)
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
run_what_was_built() {{
  shift
  program=
  while [ $# -gt 0 ]; do
    case "$1" in
      -q) shift;;
      -p|--bin) program=$2; shift 2;;
      --features) if [ "$2" != stand-in ]; then return; fi; shift 2;;
      --) shift; break;;
      # With another option, another target is meant than the program.
      *) return;;
    esac
  done
  if [ -n "$program" ] && [ -x "{built}/$program" ]; then exec "{built}/$program" "$@"; fi
}}
if [ "$1" = xtask ]; then shift; exec '{built}/xtask' "$@"; fi
if [ "$1" = run ]; then run_what_was_built "$@"; fi
exec '{cargo}' "$@"
"#
    );
    let path = directory.join("cargo");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Types a command into a shell, and says why it did not go as it should.
fn run(typed: &Typed, manner: Option<Manner>, programs: &Path) -> Result<(), String> {
    let output = programs.join("output");
    let mut shell = shell(&typed.command, programs, &output).map_err(|error| error.to_string())?;
    let said = || String::from_utf8_lossy(&fs::read(&output).unwrap_or_default()).into_owned();
    let mut awaited = match manner {
        Some(Until(ready)) => Some(ready),
        _ => None,
    };
    let status = loop {
        if let Some(status) = shell.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if awaited.is_some_and(|ready| said().contains(ready)) {
            awaited = None;
            interrupt(&shell);
        }
        thread::sleep(Duration::from_millis(50));
    };
    let expected = match manner {
        Some(Code(code)) => code,
        _ => 0,
    };
    let said = said();
    if status.code() == Some(expected) && awaited.is_none() && !said.contains("panicked") {
        return Ok(());
    }
    let lines: Vec<&str> = said.lines().collect();
    let last = lines[lines.len().saturating_sub(20)..].join("\n");
    let awaited = awaited.map_or(String::new(), |ready| format!(", and never said {ready:?}"));
    Err(format!("ended with {status}, not {expected}{awaited}:\n{last}"))
}

/// A shell that a command is typed into.
fn shell(command: &str, programs: &Path, output: &Path) -> io::Result<Child> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs.to_owned()].into_iter().chain(env::split_paths(&path))).unwrap();
    let mut shell = Command::new("bwrap");
    // Its own network, in which there is nothing but the loopback. Its own processes: none is left when it has ended, nor
    // when this test has, however that came.
    shell.args(["--dev-bind", "/", "/", "--proc", "/proc"]);
    shell.args(["--unshare-net", "--unshare-pid", "--die-with-parent"]);
    shell.args(["timeout", "--kill-after=10", &TIME_LIMIT.to_string()]);
    shell.args(["sh", "-c", command]);
    let output = File::create(output)?;
    shell
        .current_dir(workspace())
        .env("PATH", path)
        // Figures that a test invents are not the reader's.
        .env("XDG_DATA_HOME", programs)
        .env("STATS_TRACKER_STORAGE", programs)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
}

/// Sends what Ctrl-C sends, to the program itself: bwrap, `timeout` and the shell stand before it.
fn interrupt(shell: &Child) {
    let mut process = shell.id();
    while ["bwrap", "timeout", "sh", "cargo"].contains(&name(process).trim()) {
        let Some(below) = only_child(process) else { break };
        process = below;
    }
    let status = Command::new("kill").args(["-INT", &process.to_string()]).status();
    assert!(status.unwrap().success(), "{} is gone", name(process));
}

fn only_child(process: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn name(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default()
}

#[test]
fn every_command_runs_as_it_stands_there() {
    let directory = tempfile::tempdir().unwrap();
    cargo_of_what_was_built(directory.path());
    let mut failures = Vec::new();
    let mut done: BTreeSet<String> = BTreeSet::new();
    for typed in commands() {
        let (readme, command) = (&typed.readme, &typed.command);
        let manner = typed.manner();
        if let Some(NotRun(why)) = manner {
            println!("not run: {readme}: {command}: {why}");
            continue;
        }
        if !done.insert(command.clone()) {
            continue;
        }
        let started = Instant::now();
        let result = run(&typed, manner, directory.path());
        println!("{:.1} s: {readme}: {command}", started.elapsed().as_secs_f32());
        if let Err(failure) = result {
            failures.push(format!("{readme}: {command}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A reason for a command that is no longer there would hide another one some day.
#[test]
fn every_exception_is_of_a_command() {
    let commands = commands();
    for (readme, entries) in EXCEPTIONS {
        for (beginning, _) in *entries {
            let mut of_readme = commands.iter().filter(|typed| typed.readme == *readme);
            assert!(
                of_readme.any(|typed| typed.begins(beginning)),
                "{readme} has no command any more that begins with {beginning:?}"
            );
        }
    }
}
