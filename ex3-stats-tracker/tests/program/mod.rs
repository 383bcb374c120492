//! Runs the program for the tests of its commands: its output, its address, and its end.

#![allow(dead_code, reason = "each test uses some of it")]

#[cfg(target_os = "linux")]
pub(crate) mod small_disk;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    ops::{Deref, DerefMut},
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio},
    sync::Once,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use github::stand_in::Organisation;
use jiff::Timestamp;
use wasm::guests;

/// The time of the stand-in's clock.
pub(crate) const CLOCK: &str = "2026-05-10T12:00:00Z";

/// The warning that has to stand at the figures of a stand-in.
pub(crate) const LOUD: &str = "STAND-IN: these figures are invented";

/// A program has to end within this time. Otherwise only the time limit of the whole run would end it, without the name
/// of the test.
const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The program with these arguments, after a build of the component.
pub(crate) fn program(arguments: &[&str]) -> Command {
    static BUILT: Once = Once::new();
    // One build for all tests, so that the time limits do not include it.
    BUILT.call_once(|| {
        guests::SPIN_COMPONENT
            .build()
            .expect("the component can be built; `cargo xtask setup` installs the tools for it");
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_ex3-stats-tracker"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Sets the variables of a proxy. Nothing listens on port 1, so each request through the proxy fails.
pub(crate) fn behind_a_proxy(command: &mut Command) -> &mut Command {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(variable, "http://127.0.0.1:1");
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The last line on stderr, after the messages of a build and a compilation.
pub(crate) fn last_line(output: &Output) -> String {
    stderr(output).lines().last().unwrap_or_default().to_owned()
}

pub(crate) fn clock() -> Timestamp {
    CLOCK.parse().unwrap()
}

/// The stand-in's total of a package at [`CLOCK`].
pub(crate) fn expected(name: &str) -> u64 {
    Organisation::fluxcd().package(name).unwrap().total(clock())
}

/// Sends a GET request and returns the status and the body of the answer.
pub(crate) fn get(url: &str) -> (u16, String) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client can be made");
        let answer = client.get(url).send().await.expect("it answers");
        assert_eq!(answer.version(), reqwest::Version::HTTP_11);
        (
            answer.status().as_u16(),
            answer.text().await.expect("the answer is whole"),
        )
    })
}

/// Like [`get`], but `None` if the server does not answer.
pub(crate) fn try_get(url: &str) -> Option<(u16, String)> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let answer = client.get(url).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    })
}

/// The processes with `marker` in their environment or their command line, as process id and command line. The storage
/// directory of a tracker is in all of its processes, except for puma, whose title has the dashboard's address instead.
pub(crate) fn processes(marker: &str) -> Vec<(i32, String)> {
    let marker = marker.as_bytes();
    let read = |process: &Path, file| fs::read(process.join(file)).unwrap_or_default();
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    entries
        .filter_map(|process| {
            let id = process.file_name()?.to_str()?.parse().ok()?;
            let text = [read(&process, "environ"), read(&process, "cmdline")].concat();
            let has_marker = text.windows(marker.len()).any(|window| window == marker);
            has_marker.then(|| {
                (
                    id,
                    String::from_utf8_lossy(&read(&process, "cmdline")).replace('\0', " "),
                )
            })
        })
        .collect()
}

/// A process that is killed on drop, also after a panic of the test.
pub(crate) struct KilledOnDrop(Child);

impl KilledOnDrop {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().expect("the program starts"))
    }
}

impl Deref for KilledOnDrop {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for KilledOnDrop {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A running program, which is killed on drop. A thread reads its stdout.
pub(crate) struct Running {
    child: KilledOnDrop,
    errors: BufReader<ChildStderr>,
    stdout: JoinHandle<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = KilledOnDrop::spawn(command);
        let mut stdout = child.stdout.take().expect("stdout is a pipe");
        let stdout = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("it writes text");
            text
        });
        let errors = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        Self { child, errors, stdout }
    }

    /// The next line on stderr that contains `text`.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        let mut other_lines = String::new();
        for line in self.errors.by_ref().lines() {
            let line = line.expect("it writes text");
            if line.contains(text) {
                return line;
            }
            other_lines += &format!("{line}\n");
        }
        panic!("it ended without printing `{text}`:\n{other_lines}");
    }

    /// The first URL in the next line on stderr that contains `text`.
    pub(crate) fn url_after(&mut self, text: &str) -> String {
        let line = self.line_with(text);
        let url = line.split(' ').find(|word| word.starts_with("http://"));
        url.unwrap_or_else(|| panic!("no address in `{line}`")).to_owned()
    }

    /// The rest of stderr, until that is closed.
    pub(crate) fn rest_of_stderr(&mut self) -> String {
        let mut rest = String::new();
        self.errors.read_to_string(&mut rest).expect("it writes text");
        rest
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&mut self, signal: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.expect("kill starts").success());
    }

    /// Sends a signal, waits for the end, and returns the exit status and stdout.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String) {
        self.signal(signal);
        self.ended()
    }

    /// Waits for the end, and returns the exit status and stdout.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        // Stderr has to be read, since more may follow than the pipe's buffer holds.
        thread::spawn(move || std::io::copy(&mut self.errors, &mut std::io::sink()));
        let limit = Instant::now() + TIME_LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(Instant::now() < limit, "the program did not end");
            thread::sleep(Duration::from_millis(10));
        };
        (status, self.stdout.join().expect("stdout was read"))
    }
}
