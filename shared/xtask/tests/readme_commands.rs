//! Runs all commands of all READMEs in a shell, in the workspace's root, on a machine with the software that
//! `cargo xtask setup` installs.
//!
//! [Commands that are not run or end with another exit code](EXCEPTIONS) are listed with the reason. As in
//! `cargo xtask readme`, `cargo run -p NAME` runs the program from the build of the whole workspace, so that cargo does
//! not build it for that package alone. Commands have a private network with only the loopback interface. So they reach
//! no server, and the ports in the READMEs are free.
//!
//! `trycmd` does not fit: it runs the `$ ` lines of `console` blocks without a shell, each program to its end.

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

use Exception::{Code, NotRun, Until};

/// The begins of commands. Other code spans in a README are names, options or values.
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

/// The time limit of a command in seconds.
const TIME_LIMIT: u32 = 240;

/// The treatment of a command that does not end with 0 by itself.
#[derive(Clone, Copy)]
enum Exception {
    /// It is not run, for this reason.
    NotRun(&'static str),
    /// It is run until it prints this text, then stopped, and ends with 0.
    Until(&'static str),
    /// It ends with this exit code, because its README says so or there is no network.
    Code(i32),
}

const TESTS: Exception = NotRun("it is one of the checks of `cargo xtask test`");
const BENCH: Exception = NotRun("it measures for minutes; the tests run each bench once");
const BUILD: Exception = NotRun("it compiles for minutes");
const GITHUB: Exception = NotRun("it reads github.com without end; a similar command with --stand-in is run");
const CLUSTER: Exception = NotRun("it needs a cluster; charts/cluster's tests run the walk-through's commands");
const SPIN: Exception = NotRun("it needs Spin, which the set-up does not install");
const GEM: Exception = NotRun("the gem's own tests run it (ex2-parser/gem)");
const RUBY: Exception = NotRun("it needs the reader's own Ruby with Rails");
const PART: Exception = NotRun("it is a part of a command in a sentence");
const ALONE: Exception = NotRun("it depends on commands before it, of which one is not run");
const EXPORT: Exception = NotRun("it writes stored figures to a directory, as ex3-stats-tracker's own tests do");
const WRITES: Exception = NotRun("it changes the checkout, and `cargo xtask setup` runs it");
const PAGE: Exception = NotRun("page.html is a placeholder for the reader's file");
const DASHBOARD: Exception = Until("http://127.0.0.1:3000");

/// For each README the begins of commands with an exception. A `$` is the end of a command. The first entry that
/// matches counts.
const EXCEPTIONS: &[(&str, &[(&str, Exception)])] = &[
    (
        "README.md",
        &[
            (
                "cargo xtask demo",
                NotRun("it is the set-up, then a command that is run"),
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
                NotRun("FILE is a placeholder for the reader's file"),
            ),
            ("cargo run -p ex1-hello -- serve", Until("http://127.0.0.1:8000/")),
        ],
    ),
    (
        "ex2-parser/README.md",
        &[
            ("cargo bench", BENCH),
            ("cargo test", TESTS),
            ("cargo run -q -p ex2-parser -- page.html", PAGE),
            ("cargo run -q -p ex2-parser --example drift-gauntlet -- page.html", PAGE),
        ],
    ),
    ("ex2-parser/gem/README.md", &[("", GEM)]),
    (
        "ex2-parser/hosts/README.md",
        &[(
            "",
            NotRun("xtask's own tests run every host; MODULE is a variable of the reader's shell"),
        )],
    ),
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
            ("cargo run -p ex3-stats-tracker -- export", EXPORT),
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
            ("cargo test", TESTS),
            ("skopeo copy", NotRun("it needs the reader's own registry")),
            (
                "cosign verify",
                NotRun("it asks the reader's own registry, as \"cargo xtask release\" does"),
            ),
            (
                "cargo xtask release",
                NotRun("OWNER is a placeholder; ex3-stats-tracker/release's tests publish in a registry"),
            ),
            ("bundle check", RUBY),
            ("cd ex3-stats-tracker/spin", SPIN),
            ("SPIN_VARIABLE", SPIN),
            ("curl ", NotRun("it is a request to `spin up`")),
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
            ("cargo run -p ex3-stats-tracker -- export", EXPORT),
            ("cargo test", TESTS),
            (
                "PLANNED_MEASUREMENTS=",
                NotRun("it stores ten million rows for minutes; the same test with fewer is among the checks"),
            ),
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
    /// Whether the command has this begin.
    fn begins(&self, beginning: &str) -> bool {
        match beginning.strip_suffix('$') {
            Some(whole) => self.command == whole,
            None => self.command.starts_with(beginning),
        }
    }

    /// The exception of this command, if it has one.
    fn exception(&self) -> Option<Exception> {
        let (_, entries) = EXCEPTIONS.iter().find(|(readme, _)| self.readme == *readme)?;
        let (_, exception) = entries.iter().find(|(beginning, _)| self.begins(beginning))?;
        Some(*exception)
    }
}

/// The commands of all READMEs: the lines of `sh` blocks, and the code spans with the begin of a command.
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
            // The commands after `cd` depend on it.
            match block.first().is_some_and(|first| first.starts_with("cd ")) {
                true => found.push(block.join(" && ")),
                false => found.extend(block.into_iter().map(str::to_owned)),
            }
        } else if line.starts_with("```") {
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        } else {
            // In a table pipes are escaped. An escaped backquote, as in the words of a record, is text and begins no code.
            let line = line.replace("\\|", "|").replace("\\`", "");
            let spans = line.split('`').skip(1).step_by(2).map(str::trim);
            let is_command = |span: &&str| {
                let names_more = |program: &&str| span.starts_with(*program) && span.len() > program.len();
                PROGRAMS.iter().any(names_more)
            };
            // `[URL]` is optional.
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
                ```text\ncargo run -p no\n```\n`cargo run -p e -- qr [URL]` and \\`cargo run -p no\\`\n```sh\ncd f\nspin build\n```\n";
    let found = [
        "cargo run -p a",
        "cargo run -p b    -- c",
        "cargo run -p d | head",
        "cargo run -p e -- qr",
        "cd f && spin build",
    ];
    assert_eq!(in_text(text), found);
}

/// Writes a script `cargo` that runs the built programs, and calls cargo for everything else.
fn write_cargo(directory: &Path) {
    let built = Path::new(env!("CARGO_BIN_EXE_xtask")).parent().unwrap().display();
    let cargo = env!("CARGO");
    let script = format!(
        r#"#!/bin/sh
run_built_program() {{
  shift
  program=
  while [ $# -gt 0 ]; do
    case "$1" in
      -q) shift;;
      -p|--bin) program=$2; shift 2;;
      --example) program=examples/$2; shift 2;;
      --features) if [ "$2" != stand-in ]; then return; fi; shift 2;;
      --) shift; break;;
      # Another option can select another target than the program.
      *) return;;
    esac
  done
  if [ -n "$program" ] && [ -x "{built}/$program" ]; then exec "{built}/$program" "$@"; fi
}}
if [ "$1" = xtask ]; then shift; exec '{built}/xtask' "$@"; fi
if [ "$1" = run ]; then run_built_program "$@"; fi
exec '{cargo}' "$@"
"#
    );
    let path = directory.join("cargo");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a command in a shell. The error is the unexpected end with the last lines of the output.
fn run(typed: &Typed, exception: Option<Exception>, programs: &Path) -> Result<(), String> {
    let output = programs.join("output");
    let mut shell = shell(&typed.command, programs, &output).map_err(|error| error.to_string())?;
    let printed = || String::from_utf8_lossy(&fs::read(&output).unwrap_or_default()).into_owned();
    let mut awaited = match exception {
        Some(Until(ready)) => Some(ready),
        _ => None,
    };
    let status = loop {
        if let Some(status) = shell.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if awaited.is_some_and(|ready| printed().contains(ready)) {
            awaited = None;
            // Puma loses a signal that comes between its first lines and the start of its threads.
            thread::sleep(Duration::from_secs(1));
            interrupt(&shell);
        }
        thread::sleep(Duration::from_millis(50));
    };
    let expected = match exception {
        Some(Code(code)) => code,
        _ => 0,
    };
    let printed = printed();
    if status.code() == Some(expected) && awaited.is_none() && !printed.contains("panicked") {
        return Ok(());
    }
    let lines: Vec<&str> = printed.lines().collect();
    let last = lines[lines.len().saturating_sub(20)..].join("\n");
    let awaited = awaited.map_or(String::new(), |ready| format!(", and never printed {ready:?}"));
    Err(format!("ended with {status}, not {expected}{awaited}:\n{last}"))
}

/// Starts a shell that runs a command.
fn shell(command: &str, programs: &Path, output: &Path) -> io::Result<Child> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs.to_owned()].into_iter().chain(env::split_paths(&path))).unwrap();
    let mut shell = Command::new("bwrap");
    // A private network with only the loopback interface, and a private process namespace, so that no process is left
    // after the shell or this test has ended, also if it was killed.
    shell.args(["--dev-bind", "/", "/", "--proc", "/proc"]);
    shell.args(["--unshare-net", "--unshare-pid", "--die-with-parent"]);
    shell.args(["timeout", "--kill-after=10", &TIME_LIMIT.to_string()]);
    shell.args(["sh", "-c", command]);
    let output = File::create(output)?;
    shell
        .current_dir(workspace())
        .env("PATH", path)
        // The invented figures of a test must not be stored among the reader's.
        .env("XDG_DATA_HOME", programs)
        .env("STATS_TRACKER_STORAGE", programs)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
}

/// Sends SIGINT, as Ctrl-C does, to the program itself, which is a descendant of bwrap, `timeout` and the shell.
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
fn every_command_runs_as_the_readme_says() {
    let directory = tempfile::tempdir().unwrap();
    write_cargo(directory.path());
    let mut failures = Vec::new();
    let mut done: BTreeSet<String> = BTreeSet::new();
    for typed in commands() {
        let (readme, command) = (&typed.readme, &typed.command);
        let exception = typed.exception();
        if let Some(NotRun(why)) = exception {
            println!("not run: {readme}: {command}: {why}");
            continue;
        }
        if !done.insert(command.clone()) {
            continue;
        }
        let started = Instant::now();
        let result = run(&typed, exception, directory.path());
        println!("{:.1} s: {readme}: {command}", started.elapsed().as_secs_f32());
        if let Err(failure) = result {
            failures.push(format!("{readme}: {command}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// An exception for a removed command could apply to another command later.
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
