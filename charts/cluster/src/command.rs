//! Finding and running programs.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use system::command_line;

use crate::error::Error;

/// The path of a program on the PATH, or in Debian's directories of programs for root.
pub(crate) fn on_path(program: &'static str, package: &'static str) -> Result<PathBuf, Error> {
    let for_root = Some("/usr/sbin:/sbin");
    which::which(program)
        .or_else(|_| which::which_in(program, for_root, "/"))
        .map_err(|_| Error::Missing { program, package })
}

/// The stdout of a command, which must succeed.
pub(crate) fn checked(command: &mut Command) -> Result<String, Error> {
    let program = command.get_program().display().to_string();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(format!("starting {program}")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Command {
            command: command_line::typed(command),
            status: output.status,
            errors: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        })
    }
}
