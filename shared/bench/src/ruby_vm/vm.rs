//! The process that asks.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::ruby_vm::protocol::{ENVIRONMENT_VARIABLE, Reply, Request};

/// A process with Ruby in it. Dropping it ends the process.
#[derive(Debug)]
pub struct Vm {
    process: Child,
    /// Taken when the process is to end, which it does when nobody can ask it any more.
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process can't be started.
    #[error("the process that is to have Ruby can't be started: {0}")]
    NotStarted(#[source] io::Error),
    /// The process has ended. What it said stands on stderr.
    #[error("the process that had Ruby has ended ({0}); what it said stands above")]
    Gone(ExitStatus),
    /// It said what it never says: the executable doesn't begin with `serve_if_asked`, or prints before it.
    #[error("the process that has Ruby said something else: {0}")]
    NotUnderstood(String),
    /// Ruby can't load something that is not installed.
    #[error("{0}")]
    Missing(String),
    /// Ruby raised an exception.
    #[error("Ruby raised {0}")]
    Raised(String),
}

impl Vm {
    /// Starts Ruby with command-line options, such as `--yjit`.
    ///
    /// Its texts are UTF-8, whatever language this process has: without that, libxml2 stops at a page's first byte
    /// beyond ASCII, and looks fast.
    ///
    /// # Errors
    /// If this Ruby doesn't start with these options.
    pub fn start(options: &[&str]) -> Result<Self, Error> {
        let mut process = env::current_exe()
            .and_then(|this| {
                Command::new(this)
                    .env(ENVIRONMENT_VARIABLE, "1")
                    .env("LC_ALL", "C.UTF-8")
                    // An embedded Ruby has no command line; this is where it takes its options from.
                    .env("RUBYOPT", options.join(" "))
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
            })
            .map_err(Error::NotStarted)?;
        let (Some(requests), Some(replies)) = (process.stdin.take(), process.stdout.take()) else {
            unreachable!("both were piped");
        };
        let mut vm = Self {
            process,
            requests: Some(requests),
            replies: BufReader::new(replies),
        };
        match vm.reply()? {
            Reply::Ready => Ok(vm),
            other => Err(refusal(other)),
        }
    }

    /// Runs a task once and returns its answer.
    ///
    /// # Errors
    /// Ruby's, and [`Error::Gone`] if it ended the process.
    pub fn answer(&mut self, task: &str) -> Result<String, Error> {
        let task = task.to_owned();
        match self.ask(&Request::Answer { task })? {
            Reply::Answer(answer) => Ok(answer),
            other => Err(refusal(other)),
        }
    }

    /// Runs a task as often as it is told, and returns how long that took by the other process's clock.
    ///
    /// # Errors
    /// Ruby's, and [`Error::Gone`] if it ended the process.
    pub fn measure(&mut self, task: &str, iterations: u64) -> Result<Duration, Error> {
        let task = task.to_owned();
        match self.ask(&Request::Measure { task, iterations })? {
            Reply::Took(duration) => Ok(duration),
            other => Err(refusal(other)),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Reply, Error> {
        let line = serde_json::to_string(request).map_err(|error| Error::NotUnderstood(error.to_string()))?;
        let asked = self.requests.as_mut().map(|requests| writeln!(requests, "{line}"));
        match asked {
            Some(Ok(())) => self.reply(),
            _ => Err(self.gone()),
        }
    }

    fn reply(&mut self) -> Result<Reply, Error> {
        let mut line = String::new();
        match self.replies.read_line(&mut line) {
            Ok(length) if length > 0 => serde_json::from_str(&line).map_err(|_| Error::NotUnderstood(line)),
            _ => Err(self.gone()),
        }
    }

    fn gone(&mut self) -> Error {
        drop(self.requests.take());
        self.process.wait().map_or_else(Error::NotStarted, Error::Gone)
    }
}

fn refusal(reply: Reply) -> Error {
    match reply {
        Reply::Missing(what) => Error::Missing(what),
        Reply::Raised(what) => Error::Raised(what),
        other => Error::NotUnderstood(format!("{other:?}")),
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        drop(self.requests.take());
        // Nobody is left who could be told.
        _ = self.process.wait();
    }
}
