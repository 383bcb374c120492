//! The bench's side: starts the process with Ruby and sends requests to it.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::ruby_vm::protocol::{ENVIRONMENT_VARIABLE, Reply, Request};

/// A process with Ruby. Dropping it ends the process.
#[derive(Debug)]
pub struct Vm {
    process: Child,
    /// Closed to end the process.
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

/// A request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process can't be started.
    #[error("the process with Ruby can't be started: {0}")]
    NotStarted(#[source] io::Error),
    /// The process has ended. Its messages are on stderr.
    #[error("the process with Ruby has ended ({0}); its messages are above")]
    Gone(ExitStatus),
    /// The reply is not of the protocol: the executable doesn't call `serve_if_asked` first, or prints before it.
    #[error("the process with Ruby sent an unexpected reply: {0}")]
    NotUnderstood(String),
    /// A Ruby library is not installed.
    #[error("{0}")]
    Missing(String),
    /// Ruby raised an exception.
    #[error("Ruby raised {0}")]
    Raised(String),
}

impl Vm {
    /// Starts Ruby with command-line options, such as `--yjit`.
    ///
    /// Its default encoding is UTF-8, whatever this process's locale is: with ASCII libxml2 would stop at a page's
    /// first other byte, and seem fast.
    ///
    /// # Errors
    /// If Ruby doesn't start with these options.
    pub fn start(options: &[&str]) -> Result<Self, Error> {
        let mut process = env::current_exe()
            .and_then(|this| {
                Command::new(this)
                    .env(ENVIRONMENT_VARIABLE, "1")
                    .env("LC_ALL", "C.UTF-8")
                    // An embedded Ruby has no command line: it takes its options from this variable.
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
            other => Err(failure(other)),
        }
    }

    /// Runs a task once and returns its answer.
    ///
    /// # Errors
    /// Ruby's exception, and [`Error::Gone`] if the task ended the process.
    pub fn answer(&mut self, task: &str) -> Result<String, Error> {
        let task = task.to_owned();
        match self.request(&Request::Answer { task })? {
            Reply::Answer(answer) => Ok(answer),
            other => Err(failure(other)),
        }
    }

    /// Runs a task `iterations` times, and returns the time that this took by the other process's clock.
    ///
    /// # Errors
    /// Ruby's exception, and [`Error::Gone`] if the task ended the process.
    pub fn measure(&mut self, task: &str, iterations: u64) -> Result<Duration, Error> {
        let task = task.to_owned();
        match self.request(&Request::Measure { task, iterations })? {
            Reply::Took(duration) => Ok(duration),
            other => Err(failure(other)),
        }
    }

    fn request(&mut self, request: &Request) -> Result<Reply, Error> {
        let line = serde_json::to_string(request).map_err(|error| Error::NotUnderstood(error.to_string()))?;
        let sent = self.requests.as_mut().map(|requests| writeln!(requests, "{line}"));
        match sent {
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

fn failure(reply: Reply) -> Error {
    match reply {
        Reply::Missing(what) => Error::Missing(what),
        Reply::Raised(what) => Error::Raised(what),
        other => Error::NotUnderstood(format!("{other:?}")),
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        drop(self.requests.take());
        // `drop` can't return an error.
        _ = self.process.wait();
    }
}
