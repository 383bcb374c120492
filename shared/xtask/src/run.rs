//! Runs other programs. Each command is printed before it runs, and a failure is an error.

use std::env;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use system::command_line;

use crate::processes::{Ended, Running, Stop};

/// Exit code for a check that failed.
pub(crate) const FAILED: u8 = 1;

/// Runs cargo in the workspace's root.
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

    /// A replacement of cargo for tests.
    #[cfg(test)]
    pub(crate) fn instead(program: PathBuf, workspace: PathBuf) -> Self {
        Self {
            program,
            workspace,
            target_directory: None,
        }
    }

    /// The workspace's root.
    pub(crate) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The cargo command with `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.in_workspace(&self.program);
        command.args(arguments);
        command
    }

    /// A command in the workspace's root. If it calls cargo, that uses the same target directory.
    pub(crate) fn in_workspace(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.workspace);
        if let Some(directory) = &self.target_directory {
            command.env("CARGO_TARGET_DIR", directory);
        }
        command
    }

    /// The output of `cargo metadata` for the workspace's packages.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let output = self
            .command(&["metadata", "--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo can't be started")?;
        ensure!(output.status.success(), "cargo metadata ended with {}", output.status);
        serde_json::from_slice(&output.stdout).context("the output of cargo metadata is not JSON")
    }

    /// Cargo's directory of intermediate files: the target directory, unless `CARGO_BUILD_BUILD_DIR` is set.
    pub(crate) fn build_directory(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        match metadata["build_directory"].as_str() {
            Some(directory) => Ok(directory.into()),
            None => self.target_directory(),
        }
    }

    /// Cargo's directory of built programs.
    pub(crate) fn target_directory(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let directory = metadata["target_directory"].as_str();
        Ok(PathBuf::from(
            directory.context("the output of cargo metadata has no target directory")?,
        ))
    }

    /// Runs cargo with `arguments` and returns its exit code.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<ExitCode> {
        let status = announce_and_run(&mut self.command(arguments))?;
        Ok(exit_code(status))
    }

    /// Runs the program of a package, and returns its exit code.
    pub(crate) fn run_package(&self, package: &str, arguments: &[String]) -> Result<ExitCode> {
        let mut all = vec!["run", "--quiet", "--package", package, "--"];
        all.extend(arguments.iter().map(String::as_str));
        self.run(&all)
    }

    /// Runs cargo with `arguments` until its program ends, or until Ctrl-C or SIGTERM ends both. Returns its exit code; a
    /// program that was asked to end has succeeded.
    pub(crate) fn run_until_stopped(&self, arguments: &[&str]) -> Result<ExitCode> {
        let stop = Stop::listen().context("Ctrl-C can't be waited for")?;
        let mut command = self.command(arguments);
        let line = announce(&command);
        let running = Running::start(&mut command).with_context(|| format!("`{line}` can't be started"))?;
        Ok(match running.wait(&stop)? {
            Ended::With(status) => exit_code(status),
            Ended::Stopped => ExitCode::SUCCESS,
        })
    }
}

/// In continuous integration, where each run has a new clone, all clones share a target directory, so that unchanged
/// code is not compiled again.
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

/// Prints the command, and returns the printed text.
pub(crate) fn announce(command: &Command) -> String {
    let line = command_line::typed(command);
    command_line::note(format_args!("{}", bold(format!("$ {line}"))));
    line
}

/// Starts the command with standard output and standard error in one pipe, which keeps the order of both.
///
/// The command is dropped, because it holds the pipe's writing end: the reader ends when every process has closed its
/// own.
pub(crate) fn spawn_into_pipe(mut command: Command) -> Result<(Child, PipeReader)> {
    let (reader, writer) = io::pipe().context("a pipe can't be created")?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let child = command
        .spawn()
        .with_context(|| format!("`{}` can't be started", command_line::typed(&command)))?;
    Ok((child, reader))
}

/// Prints the command, runs it, and returns its status.
pub(crate) fn announce_and_run(command: &mut Command) -> Result<ExitStatus> {
    let line = announce(command);
    command.status().with_context(|| format!("`{line}` can't be started"))
}

/// The exit code of a child process; 1 if a signal ended it.
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

/// A text with escape codes, which `anstream` removes if the output is no terminal.
fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_reported() {
        let status = announce_and_run(Command::new("sh").args(["-c", "exit 65"])).unwrap();
        assert_eq!(exit_code(status), ExitCode::from(65));
        let killed = announce_and_run(Command::new("sh").args(["-c", "kill -9 $$"])).unwrap();
        assert_eq!(exit_code(killed), ExitCode::FAILURE);
        assert!(announce_and_run(&mut Command::new("no-such-program")).is_err());
    }
}
