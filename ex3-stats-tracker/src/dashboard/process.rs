//! A running process of the Rails application.

#[cfg(unix)]
use std::os::fd::{AsRawFd, BorrowedFd};
use std::{
    fs::{File, OpenOptions},
    io::{self, PipeWriter, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use system::{command_line::printable, processes::end_with_this_process};
use tokio::process::{Child, ChildStdout, Command};

use super::{
    error::Error,
    program::{Program, Stdout},
    runtime::Runtime,
    settings::Settings,
};

/// The time that a process has to end after SIGTERM: Puma finishes its running requests. Then it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// The umask of the process: only this user may read the database, its log and its lock.
#[cfg(unix)]
const UMASK: u32 = 0o077;

/// The environment variable with the number of the pipe's descriptor that Rails reads.
#[cfg(unix)]
const LIFELINE: &str = "STATS_TRACKER_LIFELINE";

/// The most of a process's recent output that is shown.
const RECENT_OUTPUT_LINES: usize = 8;
const RECENT_OUTPUT_BYTES: u64 = 8 * 1024;

/// A running process. It is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// The length of the log at the start of the process.
    began_at: u64,
    /// Closed when this process ends, however that comes: then Rails ends itself (`config/boot.rb`).
    _lifeline: PipeWriter,
}

impl Process {
    /// Starts `program`. Its stderr goes to the storage's log, and so does its stdout unless it is to be read.
    ///
    /// The calling thread has to live as long as the process: the process ends with that thread, even if this process
    /// is killed. That is Linux's work, and done at once. Where it can't do it, on other systems and if bubblewrap is
    /// killed before its own child has asked for the same, Rails itself ends: it reads a pipe whose other end is here.
    pub(super) fn start(
        name: &'static str,
        runtime: &Runtime,
        program: &Program<'_>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let log = settings.storage().log();
        let failed = |error| Error::Start {
            program: name.to_owned(),
            error,
        };
        let mut log_options = OpenOptions::new();
        log_options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut log_options, 0o600);
        let file = log_options.open(&log).map_err(|error| Error::Storage {
            path: log.display().to_string(),
            error,
        })?;
        let began_at = file.metadata().map_err(failed)?.len();
        let mut command = runtime.command(program, settings)?;
        #[cfg(unix)]
        let stdin = match program.socket {
            Some(socket) => socket
                .try_clone()
                .map(std::os::fd::OwnedFd::from)
                .map_err(failed)?
                .into(),
            None => Stdio::null(),
        };
        #[cfg(not(unix))]
        let stdin = Stdio::null();
        let (lifeline, writer) = io::pipe().map_err(failed)?;
        #[cfg(unix)]
        let descriptor = lifeline.as_raw_fd();
        #[cfg(unix)]
        command.env(LIFELINE, descriptor.to_string());
        command
            .stdin(stdin)
            .stdout(match program.stdout {
                Stdout::Read => Stdio::piped(),
                Stdout::Log => file.try_clone().map_err(failed)?.into(),
            })
            .stderr(file);
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // A process group of its own, so that a Ctrl-C in the terminal reaches only this program.
            command.process_group(0);
            // SAFETY: between fork and exec there are only system calls, without locks or allocations. The descriptor of
            // `lifeline` is open until the process is started.
            unsafe {
                command.pre_exec(move || {
                    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(UMASK));
                    let lifeline = BorrowedFd::borrow_raw(descriptor);
                    // The other descriptors of this process are closed in the new one.
                    rustix::io::fcntl_setfd(lifeline, rustix::io::FdFlags::empty())?;
                    Ok(())
                });
            }
        }
        end_with_this_process(&mut command);
        let child = Command::from(command).kill_on_drop(true).spawn().map_err(failed)?;
        drop(lifeline);
        Ok(Self {
            name,
            child,
            log,
            began_at,
            _lifeline: writer,
        })
    }

    /// The process's stdout, if it is to be read.
    pub(super) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until the process ends.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends the process, and kills it if it does not end in time.
    pub(super) async fn stop(mut self) {
        stop(&mut self.child).await;
    }

    /// The error for a process that ended unexpectedly.
    pub(super) fn ended(&self, status: ExitStatus) -> Error {
        Error::Ended {
            program: self.name,
            status,
            said: self.recent_output(),
        }
    }

    /// The last line of its output; empty if there is none.
    pub(super) fn last_line(&self) -> String {
        let said = last_lines(&self.log, self.began_at).unwrap_or_default();
        said.lines().last().unwrap_or_default().trim_start().to_owned()
    }

    /// The recent output, after a colon; empty if there is none.
    pub(super) fn recent_output(&self) -> String {
        let said = last_lines(&self.log, self.began_at).unwrap_or_default();
        if said.is_empty() {
            String::new()
        } else {
            format!("; the end of {}:\n{said}", self.log.display())
        }
    }
}

/// Ends a process group, and kills it if it does not end in time.
pub(crate) async fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = child
        .id()
        .and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?))
    {
        use rustix::process::{Signal, kill_process_group};
        // The process may have ended in the meantime.
        let _ = kill_process_group(group, Signal::TERM);
        if tokio::time::timeout(STOP_TIMEOUT, child.wait()).await.is_ok() {
            return;
        }
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill().await;
}

fn last_lines(log: &Path, from: u64) -> io::Result<String> {
    let mut file = File::open(log)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(from.max(end.saturating_sub(RECENT_OUTPUT_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(RECENT_OUTPUT_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| format!("    {}", printable(line)))
        .collect();
    Ok(lines[lines.len().saturating_sub(RECENT_OUTPUT_LINES)..].join("\n"))
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
        assert_eq!(said.lines().count(), RECENT_OUTPUT_LINES);
        assert!(said.starts_with("    line 13") && !said.contains('\u{1b}'), "{said}");
        std::fs::write(&log, earlier).unwrap();
        assert_eq!(last_lines(&log, earlier.len() as u64).unwrap(), "");
    }
}
