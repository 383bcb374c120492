//! The program while it runs: what it says, where it listens, and how it ends.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
};

/// A program that was started. What it writes to stdout is taken meanwhile.
pub(crate) struct Running {
    child: Child,
    errors: BufReader<ChildStderr>,
    stdout: JoinHandle<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
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

    /// Sends a signal, and returns how it ended and what stood on stdout.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.expect("kill starts").success());
        // It may say more than fits a pipe.
        thread::spawn(move || std::io::copy(&mut self.errors, &mut std::io::sink()));
        let status = self.child.wait().expect("it can be waited for");
        (status, self.stdout.join().expect("stdout was read"))
    }
}
