//! `cargo xtask slides` from the outside: what it writes, what it refuses, and that nothing of it is left.
//!
//! The slides themselves have tests in `slides/test`.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const ASSETS: [&str; 6] = [
    "hello.wat",
    "matrix.json",
    "page.html",
    "parser.wasm",
    "qr.svg",
    "record.json",
];

/// So long a step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

fn slides(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    // What this test was built with are the workspace's programs.
    command.args(["slides", "--built"]).args(arguments);
    command
}

/// An answer to a request for a path. A server that has just been started may take a while.
fn get(address: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Ends with this code, and says this.
fn assert_ends(command: &mut Command, code: i32, says: &str) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
    assert!(said.contains(says), "{command:?}: {said}");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Where the talk works. A test leaves nothing of its own in there.
fn built() -> Vec<String> {
    let target = Path::new(env!("CARGO_BIN_EXE_xtask")).ancestors().nth(2).unwrap();
    let entries = fs::read_dir(target.join("slides")).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".built-"))
        .collect()
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    for arguments in [
        &["--output", "a", "--prepare", "b"][..],
        &["--output", "a", "--port", "1"],
        &["--output", "a", "--no-open"],
        &["--port", "65536"],
        &["--output"],
    ] {
        assert_ends(&mut slides(arguments), 64, "--help");
    }
}

#[test]
fn a_port_in_use_ends_with_69_and_says_what_to_do() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_ends(&mut slides(&["--port", &port]), 69, "take any free port with --port 0");
}

#[test]
fn what_the_slides_are_built_from_is_written_whole() {
    let parent = tempfile::tempdir().unwrap();
    let assets = parent.path().join("a/assets");
    for _ in 0..2 {
        let output = slides(&["--prepare", text(&assets)]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{}\n", assets.display())
        );
        assert_eq!(names(&assets), ASSETS);
        assert_eq!(names(&parent.path().join("a")), ["assets"]);
    }
    let read = |name: &str| fs::read(assets.join(name)).unwrap();
    assert!(read("parser.wasm").starts_with(b"\0asm"));
    assert!(read("qr.svg").starts_with(b"<svg "));
    assert!(read("page.html").len() >= 237_000, "a real page is as large");
    let json = |name: &str| serde_json::from_slice::<serde_json::Value>(&read(name)).unwrap();
    let (matrix, record) = (json("matrix.json"), json("record.json"));
    let day = |name: &serde_json::Value| name.as_str().unwrap()[..10].to_owned();
    assert_eq!(day(&matrix["record"]), day(&record["recorded_at"]));
    assert!(matrix["charts"].as_array().unwrap().len() >= 6, "{matrix}");

    // Anything else of the reader's stays.
    fs::write(assets.join("thesis.txt"), "years of work").unwrap();
    assert_ends(&mut slides(&["--prepare", text(&assets)]), 73, "thesis.txt");
    assert_ends(
        &mut slides(&["--output", text(&assets)]),
        73,
        "name a new or an empty directory",
    );
    assert_eq!(names(&assets).len(), ASSETS.len() + 1);
    let file = parent.path().join("a/assets/qr.svg");
    assert_ends(&mut slides(&["--prepare", text(&file)]), 73, "qr.svg");
    assert!(file.is_file());
}

/// A run of the command, and what it says on stderr.
struct Run {
    child: Child,
    said: mpsc::Receiver<String>,
    all: String,
}

impl Run {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, said) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                _ = sender.send(line);
            }
        });
        Self {
            child,
            said,
            all: String::new(),
        }
    }

    /// Waits until it says this.
    fn wait_for(&mut self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.all.contains(words) {
            match self.said.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.all += &(line + "\n"),
                Err(error) => panic!("never said {words:?} ({error}): {}", self.all),
            }
        }
    }

    /// Sends a signal to the program alone, and waits for its exit code.
    fn end(&mut self, signal: &str) -> Option<i32> {
        let kill = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success(), "{}", self.all);
        let end = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if Instant::now() > end => {
                    _ = self.child.kill();
                    panic!("it goes on after {signal}: {}", self.all);
                }
                None => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

/// Every process that has this text among its arguments.
fn processes_with(argument: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(argument) && !line.contains("xtask"))
        .collect()
}

#[test]
fn the_talk_is_served_until_ctrl_c_and_nothing_of_it_is_left() {
    let before = built();
    let storage = tempfile::tempdir().unwrap();
    let mut command = slides(&["--no-open", "--port", "0"]);
    // A history that is cut short is no talk's.
    command.env("STATS_TRACKER_STORAGE", storage.path());
    let mut run = Run::start(command);
    let mut url = String::new();
    let mut stdout = BufReader::new(run.child.stdout.take().unwrap());
    stdout.read_line(&mut url).unwrap();
    let address = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/\n"));
    let address = address.unwrap_or_else(|| panic!("{url:?} is no address")).to_owned();
    assert!(get(&address, "/").starts_with("HTTP/1.1 200 OK\r\n"));
    run.wait_for("speaker's window");
    let server = format!("--port {}", address.rsplit_once(':').unwrap().1);
    assert_eq!(processes_with(&server).len(), 1, "{:?}", processes_with(&server));
    let tracker = "--stand-in-fault /fluxcd/flux2/pkgs/container/flux-cli=falling-total@27";
    let running = processes_with(tracker);
    assert_eq!(running.len(), 1, "{running:?}: {}", run.all);

    // The dashboard may be shown by these slides and by nobody else. It answers while its history is still being played.
    let (_, rest) = running[0].split_once("--port ").unwrap();
    let dashboard = format!("127.0.0.1:{}", rest.split(' ').next().unwrap());
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(&dashboard).is_err() {
        assert!(Instant::now() < end, "no dashboard: {}", run.all);
        thread::sleep(Duration::from_millis(100));
    }
    let answer = get(&dashboard, "/healthz");
    let port = address.rsplit_once(':').unwrap().1;
    let allowed = format!("frame-ancestors http://127.0.0.1:{port} http://localhost:{port}");
    assert!(
        answer.contains(&allowed) && !answer.to_lowercase().contains("x-frame-options"),
        "{answer}"
    );

    assert_eq!(run.end("-INT"), Some(0), "{}", run.all);
    assert!(TcpStream::connect(&address).is_err(), "something serves on");
    assert_eq!(processes_with(&server), [""; 0]);
    assert_eq!(processes_with(tracker), [""; 0]);
    assert!(built().iter().all(|name| before.contains(name)), "{:?}", built());
}

#[test]
fn the_talk_is_written_whole_or_not_at_all() {
    let parent = tempfile::tempdir().unwrap();
    let talk: PathBuf = parent.path().join("talk");
    // While Chromium prints, half of the files are there.
    let mut run = Run::start(slides(&["--output", text(&talk)]));
    run.wait_for("pdf.mjs");
    assert_eq!(run.end("-TERM"), Some(130), "{}", run.all);
    assert_eq!(names(parent.path()), [""; 0]);

    let output = slides(&["--output", text(&talk)]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = String::from_utf8(output.stdout).unwrap();
    let files = ["index.html", "talk.html", "talk.pdf"].map(|file| talk.join(file));
    assert_eq!(written.lines().map(PathBuf::from).collect::<Vec<_>>(), files);
    assert!(fs::read(&files[2]).unwrap().starts_with(b"%PDF-"));
    assert_eq!(names(parent.path()), ["talk"]);
}
