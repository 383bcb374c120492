//! Running other programs, loudly: the command is printed before it runs, and a failure is never passed over.

use std::env;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, PipeReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use system::command_line;

/// Exit code for a check that failed.
pub(crate) const FAILED: u8 = 1;

/// Cargo, at the workspace's root.
pub(crate) struct Cargo {
    program: PathBuf,
    workspace: PathBuf,
    target_directory: Option<PathBuf>,
}

impl Cargo {
    pub(crate) fn new(workspace: PathBuf) -> Self {
        Self {
            program: "cargo".into(),
            workspace,
            target_directory: shared_target_directory(),
        }
    }

    /// Something else that answers as cargo does.
    #[cfg(test)]
    pub(crate) fn instead(program: PathBuf, workspace: PathBuf) -> Self {
        Self {
            program,
            workspace,
            target_directory: None,
        }
    }

    /// The cargo command with `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.in_workspace(&self.program);
        command.args(arguments);
        command
    }

    /// A command at the workspace's root, which uses the same target directory should it call cargo.
    pub(crate) fn in_workspace(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.workspace);
        if let Some(directory) = &self.target_directory {
            command.env("CARGO_TARGET_DIR", directory);
        }
        command
    }

    /// What cargo knows of the workspace's own packages.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let output = self
            .command(&["metadata", "--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo can't be started")?;
        ensure!(output.status.success(), "cargo metadata ended with {}", output.status);
        serde_json::from_slice(&output.stdout).context("cargo metadata is not understood")
    }

    /// Where cargo puts what it makes on the way to that: the same place, unless `CARGO_BUILD_BUILD_DIR` names another.
    pub(crate) fn build_directory(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        match metadata["build_directory"].as_str() {
            Some(directory) => Ok(directory.into()),
            None => self.target_directory(),
        }
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target_directory(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let directory = metadata["target_directory"].as_str();
        Ok(PathBuf::from(
            directory.context("cargo metadata names no target directory")?,
        ))
    }

    /// Runs cargo with `arguments` and ends as it ended.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<ExitCode> {
        let status = announce_and_run(&mut self.command(arguments))?;
        Ok(exit_code(status))
    }
}

/// On a machine that tests one fresh clone after another, all use one target directory outside the clones: what did
/// not change is not compiled again.
fn shared_target_directory() -> Option<PathBuf> {
    if env::var_os("CI").is_none() || env::var_os("CARGO_TARGET_DIR").is_some() {
        return None;
    }
    Some(
        PathBuf::from(env::var_os("HOME")?)
            .join(".cache")
            .join("stats-tracker")
            .join("target"),
    )
}

/// Prints the command, and returns it as it was printed.
pub(crate) fn announce(command: &Command) -> String {
    let line = command_line::typed(command);
    command_line::note(format_args!("{}", bold(format!("$ {line}"))));
    line
}

/// Starts the command with standard output and standard error in one pipe, which keeps the order of both.
///
/// The command is dropped, because it holds the pipe's writing end: the reader ends when every process has closed its own.
pub(crate) fn spawn_into_pipe(mut command: Command) -> Result<(Child, PipeReader)> {
    let (reader, writer) = io::pipe().context("a pipe can't be made")?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let child = command
        .spawn()
        .with_context(|| format!("`{}` can't be started", command_line::typed(&command)))?;
    Ok((child, reader))
}

/// Prints the command, runs it, and says how it ended.
pub(crate) fn announce_and_run(command: &mut Command) -> Result<ExitStatus> {
    let line = announce(command);
    command.status().with_context(|| format!("`{line}` can't be started"))
}

/// Ends as a child ended. A child that a signal ended has no code of its own: then it is 1.
fn exit_code(status: ExitStatus) -> ExitCode {
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

pub(crate) fn bold(text: impl Display) -> String {
    styled(Style::new().bold(), text)
}

pub(crate) fn red(text: impl Display) -> String {
    styled(AnsiColor::Red.on_default().bold(), text)
}

pub(crate) fn green(text: impl Display) -> String {
    styled(AnsiColor::Green.on_default().bold(), text)
}

/// Escape codes that `anstream` removes where the output is no terminal.
fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_reported_and_not_passed_over() {
        let status = announce_and_run(Command::new("sh").args(["-c", "exit 65"])).unwrap();
        assert_eq!(exit_code(status), ExitCode::from(65));
        let killed = announce_and_run(Command::new("sh").args(["-c", "kill -9 $$"])).unwrap();
        assert_eq!(exit_code(killed), ExitCode::FAILURE);
        assert!(announce_and_run(&mut Command::new("no-such-program")).is_err());
    }
}
