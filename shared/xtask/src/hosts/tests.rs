//! Tests of all hosts. A host that is not installed is skipped with a message, except where CI is set.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, fs, thread};

use system::workspace;
use tempfile::TempDir;

use super::*;

/// The most lines that a host may have, comments included.
const MAX_LINES: usize = 60;

/// The time limit for a module that is refused. A busy machine may need most of it to start a browser.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// The headings in each host's source.
const HEADINGS: [&str; 3] = [
    "1. Load",
    "2. Give it the page",
    "3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.",
];

fn places() -> Places {
    Places::of(&Cargo::new(workspace().to_path_buf())).unwrap()
}

/// Calls `test` with every host that is installed, two at a time. Their failures are collected.
fn each_host(test: impl Fn(&Program, &Places) -> Result<()> + Sync) {
    each(&HOSTS, test);
}

fn each(programs: &[Program], test: impl Fn(&Program, &Places) -> Result<()> + Sync) {
    let places = places();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failures = Vec::new();
        while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
            match program.missing(&places) {
                Some(missing) if env::var_os("CI").is_some() => failures.push(format!("{}: {missing}", program.name)),
                Some(missing) => eprintln!("SKIPPED: {}: {missing}", program.name),
                None => {
                    if let Err(error) = test(program, &places) {
                        failures.push(format!("{}: {error:#}", program.name));
                    }
                }
            }
        }
        failures
    };
    let failures = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn all_hosts_give_the_same_answers() {
    let directory = tempfile::tempdir().unwrap();
    let pages = Pages::write(directory.path()).unwrap();
    // Answers and errors of every kind, and enough of both.
    for (kind, pages) in &pages.kinds {
        let read = pages.iter().filter(|page| page.is_read).count();
        assert!(
            read >= 3 && pages.len() - read >= 8,
            "{kind:?}: {read} of {}",
            pages.len()
        );
    }
    let module = guests::PARSER_STREAM.build().unwrap();
    each_host(|program, places| check_host(program, places, &module, &pages));
    each(&PARSERS, |program, places| check_parser(program, places, &pages));
}

#[test]
fn a_wrong_answer_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let page = |answer: &str| Page {
        file: directory.path().join("page"),
        answer: answer.to_owned(),
        is_read: true,
    };
    let pages = [page("{\"total\":7}"), page("{\"total\":8}")];
    let compare = |output: &str| compare(output, pages.iter());
    compare("{\"total\":7}\n{\"total\":8}\n").unwrap();
    for wrong in [
        "",
        "{\"total\":7}\n",
        "{\"total\":7}\n{\"total\":9}\n",
        "{\"total\": 7}\n{\"total\":8}\n",
        "{\"total\":7}\n{\"total\":8}\n\n",
    ] {
        assert!(compare(wrong).is_err(), "{wrong:?}");
    }
}

/// Parts of [`module`]'s text.
const ANSWER: &str = r"{\22total\22:7}";
const LENGTH: &str = "(i32.const 11)";
const RESULT: &str = "result i32) (i32.const 1024)";
const STATUS: &str = "result i32) (i32.const 0)";

/// The number of lies that are told to a host with a slow start.
const TELLING: usize = 8;

/// A module with a parser's exports that answers `{"total":7}`, with the changed parts.
fn module(changes: &[(&str, &str)]) -> Vec<u8> {
    let honest = r#"(module
        (memory (export "memory") 1)
        (data (i32.const 1024) "{\22total\22:7}")
        (func (export "allocate") (param i32) (result i32) (i32.const 4096))
        (func (export "extract") (param i32 i32) (result i32) (i32.const 0))
        (func (export "result") (result i32) (i32.const 1024))
        (func (export "result_length") (result i32) (i32.const 11)))"#;
    let text = changes.iter().fold(honest.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    wat::parse_str(text).unwrap()
}

/// What a module can lie about.
fn lies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        // The first ones are the lies that a host must notice itself.
        (
            "the page's place is at the memory's end",
            module(&[("(i32.const 4096)", "(i32.const 65535)")]),
        ),
        (
            "the answer's place is at the memory's end",
            module(&[(RESULT, "result i32) (i32.const 65530)")]),
        ),
        (
            "place and length wrap around",
            module(&[(RESULT, "result i32) (i32.const -4)")]),
        ),
        ("4 GiB", module(&[(LENGTH, "(i32.const -1)")])),
        (
            "32 MiB",
            module(&[(LENGTH, "(i32.const 33554432)"), ("\"memory\") 1", "\"memory\") 1024")]),
        ),
        ("a truncated answer", module(&[(LENGTH, "(i32.const 10)")])),
        (
            "not JSON",
            module(&[(ANSWER, r"{\22total\22:NaN}"), (LENGTH, "(i32.const 13)")]),
        ),
        ("not UTF-8", module(&[(ANSWER, r"{\22tot\ff\ff\22:7}")])),
        ("an unknown status", module(&[(STATUS, "result i32) (i32.const 3)")])),
        ("no room", module(&[("(i32.const 4096)", "(i32.const 0)")])),
        (
            "the page's place is far beyond the memory",
            module(&[("(i32.const 4096)", "(i32.const -8)")]),
        ),
        ("no answer", module(&[(LENGTH, "(i32.const 0)")])),
        ("an answer with more behind it", module(&[(LENGTH, "(i32.const 12)")])),
        ("a number", module(&[(ANSWER, "12345678901")])),
        ("a trap", module(&[(STATUS, "result i32) (unreachable)")])),
        ("no such export", module(&[("\"result_length\"", "\"result_size\"")])),
        (
            "an import",
            module(&[("(memory", "(import \"host\" \"secret\" (func)) (memory")]),
        ),
        ("no module", b"\0asm\x01\0\0\0\xff".to_vec()),
    ]
}

fn write(directory: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let file = directory.path().join(name);
    fs::write(&file, content).unwrap();
    file
}

/// Runs a module in a host, on one small page.
fn run_module(program: &Program, places: &Places, module: &Path, page: &Path) -> Result<run::Ended> {
    let mut command = program.command(places)?;
    command.arg(module).arg("0").arg(page);
    command.env("TIME_LIMIT", TIME_LIMIT.as_secs().to_string());
    run::ended(&mut command, TIME_LIMIT)
}

#[test]
fn a_lying_module_is_not_believed_by_any_host() {
    let directory = tempfile::tempdir().unwrap();
    let page = write(&directory, "page.html", b"<html></html>");
    let honest = write(&directory, "honest.wasm", &module(&[]));
    let lies: Vec<_> = lies()
        .into_iter()
        .map(|(lie, bytes)| (lie, write(&directory, lie, &bytes)))
        .collect();
    each_host(|program, places| {
        let ended = run_module(program, places, &honest, &page)?;
        let said = format!("{}{}", ended.stdout, ended.stderr);
        ensure!(ended.stdout == "{\"total\":7}\n", "an honest module: {said}");
        let telling = if program.is_slow() { TELLING } else { lies.len() };
        for (lie, module) in &lies[..telling] {
            let ended = run_module(program, places, module, &page)?;
            let status = ended.status.with_context(|| format!("{lie}: not done in time"))?;
            let errors = ended.stderr.lines().filter(|line| !is_time(line)).count();
            ensure!(status.code().is_some_and(|code| code != 0), "{lie}: {status}");
            ensure!(ended.stdout.is_empty(), "{lie}: it answered {}", ended.stdout);
            ensure!(errors > 0, "{lie}: no error is shown");
        }
        Ok(())
    });
}

fn is_time(line: &str) -> bool {
    ["set-up ", "start ", "page "].iter().any(|name| line.starts_with(name))
}

#[test]
fn a_page_that_is_too_large_is_refused_by_every_host() {
    let directory = tempfile::tempdir().unwrap();
    let page = write(&directory, "page.html", &vec![b' '; ex2_parser::MAX_PAGE_BYTES + 1]);
    let module = guests::PARSER_STREAM.build().unwrap();
    each_host(|program, places| {
        let ended = run_module(program, places, &module, &page)?;
        let status = ended.status.context("not done in time")?;
        ensure!(
            !status.success() && ended.stdout.is_empty(),
            "{status}, {}",
            ended.stdout
        );
        Ok(())
    });
}

#[test]
fn every_host_is_short_and_has_the_same_headings() {
    let places = places();
    for program in &HOSTS {
        let lines = program.lines(&places).unwrap();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", program.name);
        let text = fs::read_to_string(workspace().join(places::DIRECTORY).join(program.source)).unwrap();
        let mut rest = text.as_str();
        for heading in HEADINGS {
            let (_, after) = rest
                .split_once(heading)
                .unwrap_or_else(|| panic!("{}: {heading}", program.name));
            rest = after;
        }
    }
}
