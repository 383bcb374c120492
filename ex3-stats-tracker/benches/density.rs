//! Density and cold start: the memory that one more instance of the component holds, and the time of a first answer from
//! nothing, beside the same parser as native processes. Each instance and each process has answered one `/extract`, and the
//! answers are checked.
//!
//!     cargo bench -p ex3-stats-tracker --bench density                 about two minutes
//!     cargo bench -p ex3-stats-tracker --bench density -- --record     the same, into density.txt, which the README shows
//!     cargo bench -p ex3-stats-tracker --bench density -- --test       a few of each
//!
//! The memory of instances is that by which the host's private memory grew (`RssAnon` in proc_pid_status(5)): the written
//! pages of guests, and what the host holds for them. That of a process is its heap and its stacks (`Anonymous` of the
//! mappings without a file in proc_pid_smaps(5)): its program is that of this bench, and larger than one of a parser alone.
//! The kernel's own memory for a process is in neither.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::COMPONENT;
use http::Request;
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use spin_host::{Application, Options};
use system::processes::memory;

/// The numbers of instances in one host, and of processes. More processes than a thousand take longer than they tell.
const INSTANCES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const PROCESSES: [usize; 4] = [1, 10, 100, 1_000];

/// The number of first answers that are timed.
const COLD_STARTS: usize = 200;

/// The environment variables of this program when it has started itself: its role, and the paths of the page and of the
/// built component.
const ROLE: &str = "DENSITY_ROLE";
const PAGE: &str = "DENSITY_PAGE";
const MODULE: &str = "DENSITY_MODULE";

/// The memory that instances hold, from the child that made them.
#[derive(Serialize, Deserialize)]
struct Instances {
    /// Kilobytes of the host before the first one.
    before: u64,
    after: u64,
    /// Microseconds from the request to the answer, of each instance.
    answers: Vec<u64>,
}

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("native") => native(),
        Ok("first") => instances(1),
        Ok(count) => instances(count.parse().expect("a role is a number of instances")),
        Err(_) => measure(),
    }
}

/// What each child gets.
struct Inputs {
    page: tempfile::NamedTempFile,
    module: PathBuf,
    right: Bytes,
}

impl Inputs {
    fn new() -> Self {
        let (_, page) = common::page();
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        fs::write(&file, &page).expect("the page can be written");
        Self {
            page: file,
            module: common::options()
                .sources
                .remove(COMPONENT)
                .expect("the component is built"),
            right: common::right_answer(&page),
        }
    }

    /// This program in a role, with a pipe from its output.
    fn start(&self, role: &str) -> (Child, BufReader<ChildStdout>) {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .env(ROLE, role)
            .env(PAGE, self.page.path())
            .env(MODULE, &self.module)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this program starts again");
        let output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        (child, output)
    }

    fn read_answer(&self, output: &mut impl BufRead) {
        let mut line = String::new();
        output.read_line(&mut line).expect("the child's output can be read");
        assert_eq!(line.trim_end().as_bytes(), self.right, "the child's answer");
    }
}

fn measure() {
    let inputs = Inputs::new();
    // As in criterion: `cargo bench` passes `--bench`, `cargo test` does not.
    let given = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let untimed = given("--test") || !given("--bench");
    let most = if untimed { 10 } else { usize::MAX };
    let mut text = format!(
        "{:>9}  {:>22}  {:>22}\n{:>9}  {:>10}  {:>10}  {:>10}  {:>10}\n",
        "", "instances in one host", "native processes", "number", "MB in all", "KB each", "MB in all", "KB each"
    );
    let mut answers = Vec::new();
    for count in INSTANCES.into_iter().filter(|count| *count <= most) {
        let cells = match held_by_instances(&inputs, count) {
            Ok(held) => {
                answers = held.answers;
                cells(held.after - held.before, count)
            }
            Err(reason) => format!("{reason:>22}"),
        };
        let processes = match PROCESSES.contains(&count) {
            true => cells_of_processes(&inputs, count),
            false => String::new(),
        };
        text += format!("{count:>9}  {cells}  {processes}").trim_end();
        text += "\n";
    }
    let starts = COLD_STARTS.min(most);
    text += &format!("\n{:<46}  {:>9}  {:>9}\n", "first answer", "p50", "p99");
    text += &row("a new instance in a running host", answers);
    text += &row("a native process, from nothing", cold_starts(&inputs, "native", starts));
    text += &row(
        "a host from nothing, its code compiled before",
        cold_starts(&inputs, "first", starts),
    );
    print!("{text}");
    if given("--record") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("density.txt");
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

fn cells(kilobytes: u64, count: usize) -> String {
    format!("{:>10.1}  {:>10}", kilobytes as f64 / 1024.0, kilobytes / count as u64)
}

fn row(name: &str, mut microseconds: Vec<u64>) -> String {
    microseconds.sort_unstable();
    let percentile = |percent: usize| {
        let index = (microseconds.len() * percent).div_ceil(100).max(1) - 1;
        format!("{:.2} ms", microseconds[index] as f64 / 1000.0)
    };
    format!("{name:<46}  {:>9}  {:>9}\n", percentile(50), percentile(99))
}

/// The memory of instances, or why there are not so many.
fn held_by_instances(inputs: &Inputs, count: usize) -> Result<Instances, &'static str> {
    let (mut child, mut output) = inputs.start(&count.to_string());
    inputs.read_answer(&mut output);
    let mut text = String::new();
    output
        .read_to_string(&mut text)
        .expect("the child's output can be read");
    match child.wait().expect("the child ends").success() {
        true => Ok(serde_json::from_str(&text).expect("the child prints its figures")),
        false => Err("not so many here"),
    }
}

fn cells_of_processes(inputs: &Inputs, count: usize) -> String {
    let mut children: Vec<_> = (0..count).map(|_| inputs.start("native")).collect();
    for (_, output) in &mut children {
        inputs.read_answer(output);
    }
    let kilobytes = children
        .iter()
        .map(|(child, _)| memory_without_program(child.id()))
        .sum();
    for (mut child, _) in children {
        drop(child.stdin.take());
        child.wait().expect("the child ends");
    }
    cells(kilobytes, count)
}

/// The microseconds from the start of a process to its answer.
fn cold_starts(inputs: &Inputs, role: &str, count: usize) -> Vec<u64> {
    let once = |_| {
        let begun = Instant::now();
        let (mut child, mut output) = inputs.start(role);
        inputs.read_answer(&mut output);
        let taken = begun.elapsed();
        drop(child.stdin.take());
        child.wait().expect("the child ends");
        microseconds(taken)
    };
    // The first one reads the program from the disk.
    once(0);
    (0..count).map(once).collect()
}

fn microseconds(duration: Duration) -> u64 {
    duration
        .as_micros()
        .try_into()
        .expect("it is less than half a million years")
}

/// The private memory of this process in kilobytes.
fn private_memory() -> u64 {
    memory(std::process::id(), "RssAnon").expect("Linux shows the memory of a process") / 1024
}

/// The memory of a process in kilobytes, without the pages of files.
fn memory_without_program(process: u32) -> u64 {
    let mappings = fs::read_to_string(format!("/proc/{process}/smaps")).expect("Linux shows the mappings of a process");
    let mut has_file = false;
    let mut kilobytes = 0;
    for line in mappings.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if first == "Anonymous:" && !has_file {
            let number = words.next().and_then(|number| number.parse::<u64>().ok());
            kilobytes += number.expect("the memory is in kilobytes");
        } else if !first.ends_with(':') {
            // The first line of a mapping: addresses, permissions, offset, device, inode, and the file.
            has_file = words.nth(3).is_some_and(|inode| inode != "0");
        }
    }
    kilobytes
}

/// The role of a native process: an answer, then a wait for the end.
fn native() {
    let page = page();
    print_answer(&common::right_answer(&page));
    wait_for_the_end();
}

fn path(variable: &str) -> PathBuf {
    std::env::var_os(variable).expect("the parent gives a path").into()
}

fn page() -> Bytes {
    fs::read(path(PAGE)).expect("the page can be read").into()
}

fn print_answer(answer: &[u8]) {
    let mut output = std::io::stdout().lock();
    output
        .write_all(answer)
        .and_then(|()| output.write_all(b"\n"))
        .expect("the answer can be written");
    output.flush().expect("the answer can be written");
}

fn wait_for_the_end() {
    _ = std::io::stdin().read(&mut [0]);
}

/// The role of a host: so many instances, which have answered and are kept.
fn instances(count: usize) {
    let page = page();
    let mut options = Options::default();
    options.sources.insert(COMPONENT.to_owned(), path(MODULE));
    options.limits.concurrent_requests = count.try_into().expect("there are not so many");
    let right = common::right_answer(&page);
    let application = Application::load(&common::manifest(), &BTreeMap::new(), &options).expect("the component loads");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let before = private_memory();
        let mut kept = Vec::new();
        let mut answers = Vec::new();
        for number in 0..count {
            let begun = Instant::now();
            let (answer, instance) = application
                .answer_and_keep(COMPONENT, request(page.clone()))
                .await
                .expect("the component is there")
                .unwrap_or_else(|error| panic!("instance {number}: {error:#}"));
            answers.push(microseconds(begun.elapsed()));
            if number == 0 {
                print_answer(&answer);
            }
            assert_eq!(answer, right);
            kept.push(instance);
        }
        let after = private_memory();
        let figures = Instances { before, after, answers };
        print_answer(&serde_json::to_vec(&figures).expect("figures are JSON"));
        drop(kept);
    });
    if std::env::var(ROLE).as_deref() == Ok("first") {
        wait_for_the_end();
    }
}

fn request(page: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method("POST")
        .uri("http://localhost/extract")
        .header("content-length", page.len())
        .body(Full::new(page))
        .expect("the request is well formed")
}
