//! A program of the Rails application's that runs.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::{Child, ChildStdout, Command};

use super::{Error, Runtime, Settings};

/// How long a program may take to end when it is asked to; puma lets requests that run finish.
const TO_END: Duration = Duration::from_secs(10);

/// How much of what a program said at last is shown.
const LAST_WORDS_LINES: usize = 8;
const LAST_WORDS_BYTES: u64 = 8 * 1024;

/// A running program, which is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// How long the log was before.
    began_at: u64,
}

impl Process {
    /// Starts `program`. What it says on stderr goes to the storage's log, and so does its stdout unless `stdout` is
    /// to be read.
    ///
    /// It has to be called on a thread that lives as long as the program shall: the program ends with it.
    pub(super) fn start(
        name: &'static str,
        runtime: &Runtime,
        program: &[&str],
        settings: &Settings,
        stdout: Stdout,
    ) -> Result<Self, Error> {
        let log = settings.storage().log();
        let failed = |error| Error::Start {
            program: name.to_owned(),
            error,
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| Error::Storage {
                path: log.display().to_string(),
                error,
            })?;
        let began_at = file.metadata().map_err(failed)?.len();
        let mut command = runtime.command(program, settings)?;
        command
            .stdin(Stdio::null())
            .stdout(match stdout {
                Stdout::Read => Stdio::piped(),
                Stdout::Log => file.try_clone().map_err(failed)?.into(),
            })
            .stderr(file);
        // A Ctrl-C in the terminal is this program's to act on.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = Command::from(command).kill_on_drop(true).spawn().map_err(failed)?;
        Ok(Self {
            name,
            child,
            log,
            began_at,
        })
    }

    /// What it says, where that was asked for.
    pub(super) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Until it ends by itself.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks it to end, and makes it end where it does not.
    pub(super) async fn stop(mut self) {
        #[cfg(unix)]
        if let Some(process) = self
            .child
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?))
        {
            // It may just have ended by itself.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
            if tokio::time::timeout(TO_END, self.child.wait()).await.is_ok() {
                return;
            }
        }
        let _ = self.child.kill().await;
    }

    /// It ended, though it should not have.
    pub(super) fn ended(&self, status: ExitStatus) -> Error {
        Error::Ended {
            program: self.name,
            status,
            said: self.last_words(),
        }
    }

    /// What it said at last, beginning with a colon; empty where it said nothing.
    pub(super) fn last_words(&self) -> String {
        let said = last_lines(&self.log, self.began_at).unwrap_or_default();
        if said.is_empty() {
            String::new()
        } else {
            format!("; the end of {}:\n{said}", self.log.display())
        }
    }
}

/// What becomes of a program's stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdout {
    Read,
    Log,
}

fn last_lines(log: &Path, from: u64) -> io::Result<String> {
    let mut file = File::open(log)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(from.max(end.saturating_sub(LAST_WORDS_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(LAST_WORDS_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| format!("    {}", crate::measure::printable::printable(line)))
        .collect();
    Ok(lines[lines.len().saturating_sub(LAST_WORDS_LINES)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_few_and_of_this_run() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let earlier = "of an earlier run\n";
        let lines: Vec<String> = (1..=20).map(|number| format!("line {number}\u{1b}[2J")).collect();
        std::fs::write(&log, format!("{earlier}{}\n", lines.join("\n\n"))).unwrap();
        let said = last_lines(&log, earlier.len() as u64).unwrap();
        assert_eq!(said.lines().count(), LAST_WORDS_LINES);
        assert!(said.starts_with("    line 13") && !said.contains('\u{1b}'), "{said}");
        std::fs::write(&log, earlier).unwrap();
        assert_eq!(last_lines(&log, earlier.len() as u64).unwrap(), "");
    }
}
