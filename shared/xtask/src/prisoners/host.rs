//! A host as a process that runs one guest after the other, and the net under it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use system::processes::{end_with_this_process, run_by};

use super::processes::Family;

/// The most kilobytes that a process may write to: for what grows faster than [`Net`] looks.
const DATA_KILOBYTES: u64 = 8 << 20;

/// What ends a host that does not end its guest. A host that needs it does not contain the guest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Net {
    /// The time until a reply.
    pub(super) time: Duration,
    /// The bytes of memory of the host's largest process.
    pub(super) memory: u64,
}

/// What a host said about a guest, or what became of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Answered(String),
    /// The guest was stopped or refused, with the host's reason.
    Stopped(String),
    /// The host ended, or said something else.
    Lost(String),
    /// The host was ended by the net.
    Net(&'static str),
}

/// A running host. When this is dropped it is ended, with all that it started.
pub(super) struct Host {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Host {
    /// Starts a host. Each of its guests gets `time_limit` to be compiled, and again to run.
    pub(super) fn start(host: &Command, time_limit: Duration) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -d {DATA_KILOBYTES} -c 0; exec \"$@\""), "sh"]);
        let mut command = run_by(command, host);
        command.env("TIME_LIMIT", time_limit.as_secs().to_string());
        end_with_this_process(&mut command);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().context("it can't be started")?;
        let stdin = child.stdin.take().context("it has no standard input")?;
        let stdout = child.stdout.take().context("it has no standard output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The host may be no longer of interest.
                _ = sender.send(line);
            }
        });
        Ok(Self { child, stdin, lines })
    }

    /// Its processes.
    pub(super) fn family(&self) -> Family {
        Family(self.child.id())
    }

    /// Lets it run a module. Returns its reply, the time until it, and the largest memory up to then.
    pub(super) fn run(&mut self, module: &Path, net: Net) -> (Reply, Duration, u64) {
        const INTERVAL: Duration = Duration::from_millis(10);
        let begin = Instant::now();
        let mut peak = 0;
        if writeln!(self.stdin, "{}", module.display()).is_err() {
            return (Reply::Lost("it has ended".to_owned()), begin.elapsed(), peak);
        }
        let reply = loop {
            let line = self.lines.recv_timeout(INTERVAL);
            let time = begin.elapsed();
            peak = peak.max(self.family().peak_memory());
            match line {
                _ if peak > net.memory => break Reply::Net("memory"),
                Ok(line) => break reply(&line),
                Err(RecvTimeoutError::Disconnected) => break Reply::Lost(self.end()),
                Err(RecvTimeoutError::Timeout) if time > net.time => break Reply::Net("time"),
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        if let Reply::Net(_) = reply {
            self.family().kill();
        }
        (reply, begin.elapsed(), peak)
    }

    fn end(&mut self) -> String {
        match self.child.wait() {
            Ok(status) => format!("it ended with {status}"),
            Err(error) => error.to_string(),
        }
    }
}

fn reply(line: &str) -> Reply {
    if let Some(answer) = line.strip_prefix("answered ") {
        return Reply::Answered(answer.to_owned());
    }
    match line.strip_prefix("stopped") {
        Some(reason) => Reply::Stopped(reason.trim().to_owned()),
        None => Reply::Lost(format!("it said {line:?}")),
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.family().kill();
        _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NET: Net = Net {
        time: Duration::from_secs(60),
        memory: 1 << 30,
    };

    fn host(script: &str) -> Host {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Host::start(&command, Duration::from_secs(7)).unwrap()
    }

    #[test]
    fn a_host_replies_once_for_each_module() {
        let mut host = host("while read -r path; do echo answered $path $TIME_LIMIT; echo; done");
        let (reply, _, peak) = host.run(Path::new("a.wasm"), NET);
        assert_eq!(reply, Reply::Answered("a.wasm 7".to_owned()));
        assert!(peak > 0);
        assert_eq!(host.run(Path::new("b"), NET).0, Reply::Lost("it said \"\"".to_owned()));
    }

    #[test]
    fn a_host_that_ends_is_lost() {
        let mut host = host("read -r path; echo stopped why; read -r path; kill -SEGV $$");
        assert_eq!(host.run(Path::new("a"), NET).0, Reply::Stopped("why".to_owned()));
        assert!(matches!(host.run(Path::new("a"), NET).0, Reply::Lost(_)));
    }

    #[test]
    fn the_net_ends_a_host_that_takes_too_much() {
        let net = Net {
            time: Duration::from_millis(200),
            ..NET
        };
        let mut late = host("sleep 600");
        assert_eq!(late.run(Path::new("a"), net).0, Reply::Net("time"));
        assert!(late.child.wait().unwrap().code().is_none());
        let net = Net { memory: 1, ..NET };
        assert_eq!(host("sleep 600").run(Path::new("a"), net).0, Reply::Net("memory"));
    }
}
