//! A running process of the Rails application.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use system::{command_line::printable, processes::end_with_this_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

#[cfg(unix)]
use super::lifeline::Lifeline;
use super::{
    error::Error,
    program::{Program, Stdout},
    runtime::Runtime,
    settings::Settings,
};

/// The time that a process has to end after SIGTERM: Puma finishes its running requests. Then it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// The time for which the end of killed processes is waited for.
const KILL_TIMEOUT: Duration = Duration::from_secs(1);

/// The interval between two looks whether they have ended.
const KILL_INTERVAL: Duration = Duration::from_millis(10);

/// The umask of the process: only this user may read the database, its log and its lock.
#[cfg(unix)]
const UMASK: u32 = 0o077;

/// The most of a process's recent output that is shown.
const RECENT_OUTPUT_LINES: usize = 8;
const RECENT_OUTPUT_BYTES: u64 = 8 * 1024;

/// A running process. It is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    /// The process and all that it starts.
    group: Group,
    log: PathBuf,
    /// The length of the log at the start of the process.
    began_at: u64,
    #[cfg(unix)]
    _lifeline: Lifeline,
}

impl Process {
    /// Starts `program`. Its stderr goes to the storage's log, and so does its stdout unless it is to be read.
    ///
    /// The calling thread has to live as long as the process: the process ends with that thread, even if this process
    /// is killed. That is Linux's work, and done at once. Where it can't do it, on other systems and if bubblewrap is
    /// killed before its own child has asked for the same, Rails itself ends: see [`Lifeline`].
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
        command
            .stdin(Stdio::null())
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
            // SAFETY: between fork and exec there is only a system call, without locks or allocations.
            unsafe {
                command.pre_exec(|| {
                    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(UMASK));
                    Ok(())
                });
            }
        }
        #[cfg(unix)]
        let (lifeline, inherited) = Lifeline::connect(&mut command, program.socket).map_err(failed)?;
        end_with_this_process(&mut command);
        let child = Command::from(command).kill_on_drop(true).spawn().map_err(failed)?;
        #[cfg(unix)]
        drop(inherited);
        Ok(Self {
            name,
            group: Group::of(&child),
            child,
            log,
            began_at,
            #[cfg(unix)]
            _lifeline: lifeline,
        })
    }

    /// Waits until the process ends. Then what is left of its group is killed.
    pub(super) async fn wait(&mut self) -> Result<ExitStatus, Error> {
        let status = self.child.wait().await.map_err(|error| Error::Start {
            program: self.name.to_owned(),
            error,
        })?;
        self.group.end(&mut self.child).await;
        Ok(status)
    }

    /// Passes on each line of the process's stdout, until the process ends.
    ///
    /// The end of stdout alone is not the end: a process that is left of the group would keep it open for ever.
    pub(super) async fn wait_and_read(&mut self, mut on_line: impl FnMut(&str)) -> Result<ExitStatus, Error> {
        let Some(stdout) = self.child.stdout.take() else {
            return self.wait().await;
        };
        let mut lines = BufReader::new(stdout).lines();
        let status = loop {
            tokio::select! {
                line = lines.next_line() => match line {
                    Ok(Some(line)) => on_line(&line),
                    Ok(None) | Err(_) => return self.wait().await,
                },
                status = self.wait() => break status?,
            }
        };
        // What it wrote before its end. No process is left that could write more.
        while let Ok(Some(line)) = lines.next_line().await {
            on_line(&line);
        }
        Ok(status)
    }

    /// Ends the process, and kills it if it does not end in time.
    pub(super) async fn stop(mut self) {
        self.group.stop(&mut self.child).await;
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

impl Drop for Process {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// The process group of a child process that leads it. Without it on other systems than Unix.
#[derive(Debug)]
struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        #[cfg(not(unix))]
        let _ = child;
        Self(
            #[cfg(unix)]
            child
                .id()
                .and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)),
        )
    }

    /// Asks all processes of the group to end.
    fn terminate(&self) {
        #[cfg(unix)]
        if let Some(group) = self.0 {
            // They may have ended in the meantime.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        }
    }

    /// Kills all processes of the group, once: afterwards its number may be another group's.
    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.take() {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    /// Kills the group and its leader, and waits a moment until none is left: a killed process needs some time to end.
    async fn end(&mut self, leader: &mut Child) {
        #[cfg(unix)]
        let group = self.0;
        self.kill();
        let _ = leader.kill().await;
        #[cfg(unix)]
        if let Some(group) = group {
            let left = async {
                // Without a process there is no group.
                while rustix::process::test_kill_process_group(group).is_ok() {
                    tokio::time::sleep(KILL_INTERVAL).await;
                }
            };
            let _ = tokio::time::timeout(KILL_TIMEOUT, left).await;
        }
    }

    /// Ends the group and its leader, and kills those that do not end in time.
    async fn stop(&mut self, leader: &mut Child) {
        self.terminate();
        let _ = tokio::time::timeout(STOP_TIMEOUT, leader.wait()).await;
        // Some may be left where the leader ended: bubblewrap's child ignores the first signal before it is the program.
        self.end(leader).await;
    }
}

/// Ends a child process and its group, and kills those that do not end in time.
pub(crate) async fn stop(child: &mut Child) {
    Group::of(child).stop(child).await;
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

    #[cfg(unix)]
    #[tokio::test]
    async fn a_process_has_ended_also_where_one_of_its_group_is_left() {
        use std::os::unix::process::{CommandExt, ExitStatusExt};

        // The one that is left has the process's stdout, too.
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", "sleep 1000 & echo $!; kill -KILL $$"])
            .stdout(Stdio::piped())
            .process_group(0);
        let (lifeline, inherited) = Lifeline::connect(&mut command, None).unwrap();
        let child = Command::from(command).kill_on_drop(true).spawn().unwrap();
        drop(inherited);
        let mut process = Process {
            name: "a shell",
            group: Group::of(&child),
            child,
            log: PathBuf::new(),
            began_at: 0,
            _lifeline: lifeline,
        };
        let mut lines = Vec::new();
        let status = process.wait_and_read(|line| lines.push(line.to_owned())).await.unwrap();
        assert_eq!(status.signal(), Some(9));
        assert_eq!(lines.len(), 1, "{lines:?}");
    }
}
