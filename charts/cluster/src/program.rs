//! Starts, watches and ends a program of the cluster.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use system::processes::run_by;

use crate::{command::on_path, error::Error};

/// The number of a log's last lines in an error.
const LOG_LINES: usize = 20;

/// The interval of the checks whether a program has ended.
const INTERVAL: Duration = Duration::from_millis(50);

/// A running program. It is killed when this is dropped, and by the system when the process that started it is killed.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    log: PathBuf,
    end: Option<Sender<()>>,
    keeper: Option<JoinHandle<Option<ExitStatus>>>,
}

impl Program {
    /// Starts a program, with its output in `logs`/`name`.log.
    pub(crate) fn start(name: &'static str, command: &Command, logs: &Path) -> Result<Self, Error> {
        let log = logs.join(name).with_extension("log");
        let output = File::create(&log).map_err(Error::io(format!("creating {}", log.display())))?;
        let errors = output
            .try_clone()
            .map_err(Error::io(format!("opening {} again", log.display())))?;
        let mut command = ending_with_its_starter(command)?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let (end, ended) = mpsc::channel::<()>();
        let (started, starting) = mpsc::channel();
        // The system kills the program when the thread that started it ends, so that it needs its own thread.
        let keeper = thread::spawn(move || {
            let mut child: Child = match command.spawn() {
                Ok(child) => child,
                Err(error) => {
                    let _ = started.send(Err(error));
                    return None;
                }
            };
            let _ = started.send(Ok(()));
            loop {
                if let Ok(Some(status)) = child.try_wait() {
                    return Some(status);
                }
                if ended.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
                    let _ = child.kill();
                    return child.wait().ok();
                }
            }
        });
        starting
            .recv()
            .unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()))
            .map_err(Error::io(format!("starting {name}")))?;
        Ok(Self {
            name,
            log,
            end: Some(end),
            keeper: Some(keeper),
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// An error if the program has ended.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        if self.keeper.as_ref().is_some_and(JoinHandle::is_finished) {
            let status = self.keeper.take().and_then(|keeper| keeper.join().ok().flatten());
            let how = status.map_or_else(|| "ended".to_owned(), |status| format!("ended with {status}"));
            return Err(self.error(how));
        }
        Ok(())
    }

    /// An error about the program, with the end of its log.
    pub(crate) fn error(&self, how: impl Into<String>) -> Error {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        Error::Program {
            program: self.name,
            how: how.into(),
            log: self.log.clone(),
            end: lines[lines.len().saturating_sub(LOG_LINES)..].join("\n"),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

/// The command, run by `setpriv` so that the system kills it when the thread that starts it ends.
fn ending_with_its_starter(command: &Command) -> Result<Command, Error> {
    let mut ending = Command::new(on_path("setpriv", "util-linux")?);
    ending.args(["--pdeathsig", "KILL", "--"]);
    Ok(run_by(ending, command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(20), "{what}");
            thread::sleep(INTERVAL);
        }
    }

    #[test]
    fn an_unexpected_end_is_reported_with_the_log() {
        let logs = tempfile::tempdir().unwrap();
        let mut program = Program::start("program", &shell("echo why; exit 3"), logs.path()).unwrap();
        wait_for("it ends", || program.check().is_err() || program.keeper.is_none());
        let error = program.error("ended").to_string();
        assert!(error.contains("why"), "{error}");
    }

    #[test]
    fn it_ends_when_it_is_dropped() {
        let logs = tempfile::tempdir().unwrap();
        let program = Program::start("program", &shell("echo $$; exec sleep 1000"), logs.path()).unwrap();
        let mut process = String::new();
        wait_for("it prints its process id", || {
            process = fs::read_to_string(&program.log).unwrap().trim().to_owned();
            !process.is_empty()
        });
        let directory = Path::new("/proc").join(process);
        assert!(directory.exists());
        drop(program);
        assert!(!directory.exists());
    }
}
