//! The program as the tests of its commands start it, and while it runs: what it says, where it listens, and how it ends.

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

/// The tests' time, by the stand-in's clock.
pub(crate) const CLOCK: &str = "2026-05-10T12:00:00Z";

/// What every figure that is not GitHub's has to be called.
pub(crate) const LOUD: &str = "STAND-IN: these figures are invented";

/// How long a program may take until it ends. One that hangs would be noticed only when the whole run has been silent for
/// longer, and not by its name.
const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The program with these arguments. The component is built by then.
pub(crate) fn program(arguments: &[&str]) -> Command {
    static BUILT: Once = Once::new();
    // Once for all tests, so that none of them waits for another's build.
    BUILT.call_once(|| {
        guests::SPIN_COMPONENT
            .build()
            .expect("the component can be built; `cargo xtask setup` installs what that takes");
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_ex3-stats-tracker"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// On a machine that reaches the internet by a proxy. Nothing listens on port 1: whoever goes there fails.
pub(crate) fn behind_a_proxy(command: &mut Command) -> &mut Command {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(variable, "http://127.0.0.1:1");
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is on stderr apart from a build's and a compilation's messages.
pub(crate) fn last_line(output: &Output) -> String {
    stderr(output).lines().last().unwrap_or_default().to_owned()
}

pub(crate) fn clock() -> Timestamp {
    CLOCK.parse().unwrap()
}

/// A package's total at the tests' time, as the stand-in knows it.
pub(crate) fn expected(name: &str) -> u64 {
    Organisation::fluxcd().package(name).unwrap().total(clock())
}

/// Asks for what a running program serves, and returns the status and the body of its answer.
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

/// The same where something may not answer yet.
pub(crate) fn try_get(url: &str) -> Option<(u16, String)> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let answer = client.get(url).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    })
}

/// The processes that were told of a tracker's storage, which all of its own are, or of its dashboard's address, which
/// puma writes over what it was told.
pub(crate) fn processes(marker: &str) -> Vec<(i32, String)> {
    let marker = marker.as_bytes();
    let read = |process: &Path, file| fs::read(process.join(file)).unwrap_or_default();
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    entries
        .filter_map(|process| {
            let id = process.file_name()?.to_str()?.parse().ok()?;
            let told = [read(&process, "environ"), read(&process, "cmdline")].concat();
            let of_it = told.windows(marker.len()).any(|window| window == marker);
            of_it.then(|| {
                (
                    id,
                    String::from_utf8_lossy(&read(&process, "cmdline")).replace('\0', " "),
                )
            })
        })
        .collect()
}

/// A process that does not outlive the test that started it: it is killed when this is dropped, also by a panic.
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
        // It may be gone already.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A program that was started, and is killed when this is dropped. What it writes to stdout is taken meanwhile.
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

    /// The next line on stderr that holds a text.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        let mut said = String::new();
        for line in self.errors.by_ref().lines() {
            let line = line.expect("it writes text");
            if line.contains(text) {
                return line;
            }
            said += &format!("{line}\n");
        }
        panic!("it ended without saying `{text}`:\n{said}");
    }

    /// The address in the next line on stderr that holds a text, with what follows it up to a space.
    pub(crate) fn url_after(&mut self, text: &str) -> String {
        let line = self.line_with(text);
        let url = line.split(' ').find(|word| word.starts_with("http://"));
        url.unwrap_or_else(|| panic!("no address in `{line}`")).to_owned()
    }

    /// The rest of what it says on stderr, until that is closed.
    pub(crate) fn rest_of_stderr(&mut self) -> String {
        let mut rest = String::new();
        self.errors.read_to_string(&mut rest).expect("it writes text");
        rest
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&mut self, signal: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.expect("kill starts").success());
    }

    /// Sends a signal, and returns how it ended and what stood on stdout.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String) {
        self.signal(signal);
        self.ended()
    }

    /// Waits until it ends, and returns how, and what stood on stdout.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        // It may say more than fits a pipe.
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
