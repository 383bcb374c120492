//! Other programs that run beside this one, and end with it.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use system::command_line;
use system::processes::end_with_this_process;

/// How often is looked whether a program has ended, or shall.
pub(crate) const INTERVAL: Duration = Duration::from_millis(50);

/// So long a program has to end: the tracker lets its database finish. Then it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// The exit code of a program that Ctrl-C ended: 128 and the signal's number.
pub(crate) const INTERRUPTED: u8 = 130;

/// What ends this program: Ctrl-C and SIGTERM, which are caught from [`Stop::listen`] on. The second ends it at once.
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn listen() -> io::Result<Self> {
        let requested = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first finds nothing requested yet.
            flag::register_conditional_shutdown(signal, INTERRUPTED.into(), requested.clone())?;
            flag::register(signal, requested.clone())?;
        }
        Ok(Self(requested))
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The program came to its end.
    With(ExitStatus),
    /// Somebody asked for the end of this program.
    Stopped,
}

/// A running program. When this is dropped it is ended, with all that it started.
pub(crate) struct Running {
    command: String,
    child: Child,
}

impl Running {
    /// Starts a program in a process group of its own: Ctrl-C in a terminal reaches this program alone, which then ends
    /// the others in their order.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        end_with_this_process(command);
        Ok(Self {
            command: command_line::typed(command),
            child: command.spawn()?,
        })
    }

    /// As it would be typed.
    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    /// What it was given as pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits until it ends, or until this program shall.
    pub(crate) fn wait(mut self, stop: &Stop) -> io::Result<Ended> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Ended::With(status));
            }
            if stop.is_requested() {
                return Ok(Ended::Stopped);
            }
            thread::sleep(INTERVAL);
        }
    }

    /// Asks it to end.
    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let group = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // It may have ended meanwhile.
            _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended and was waited for: its number may be another's by now.
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        #[cfg(unix)]
        {
            use rustix::process::Signal;

            self.signal(Signal::TERM);
            let end = Instant::now() + GRACE;
            while Instant::now() < end {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                thread::sleep(INTERVAL);
            }
            self.signal(Signal::KILL);
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn nobody_stops() -> Stop {
        Stop(Arc::new(AtomicBool::new(false)))
    }

    fn wait_for(file: &Path) -> String {
        for _ in 0..600 {
            match fs::read_to_string(file) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => thread::sleep(INTERVAL),
            }
        }
        panic!("{} was never written", file.display());
    }

    /// Whether a process has ended, after a moment in which it may end.
    fn has_ended(number: &str) -> bool {
        let state = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // One that nobody waited for yet is a zombie and runs no more.
        let ended = state.is_empty() || state.contains(") Z ");
        if !ended {
            thread::sleep(INTERVAL);
        }
        ended
    }

    #[test]
    fn a_program_ends_as_it_ends() {
        let ended = Running::start(&mut shell("exit 3")).unwrap().wait(&nobody_stops());
        assert!(matches!(ended, Ok(Ended::With(status)) if status.code() == Some(3)));
        assert!(Running::start(&mut Command::new("no-such-program")).is_err());
    }

    #[test]
    fn what_a_program_started_ends_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let [pids, ended] = ["pids", "ended"].map(|name| directory.path().join(name));
        let script = format!(
            "trap 'echo ended > {ended}; exit 0' TERM; sleep 600 & echo $$ $! > {pids}; wait",
            ended = ended.display(),
            pids = pids.display()
        );
        let running = Running::start(&mut shell(&script)).unwrap();
        let numbers = wait_for(&pids);
        let stop = nobody_stops();
        stop.0.store(true, Ordering::Relaxed);
        assert_eq!(running.wait(&stop).unwrap(), Ended::Stopped);
        assert_eq!(fs::read_to_string(&ended).unwrap(), "ended\n", "it was not asked first");
        // The signal was sent to both of them. The second one may act on it a moment later.
        for number in numbers.split_whitespace() {
            assert!((0..600).any(|_| has_ended(number)), "{number} still runs");
        }
    }
}
