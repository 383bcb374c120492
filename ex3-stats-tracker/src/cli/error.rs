//! The error of every command, and how an answer is printed.

use spin_host::manifest;
use system::command_line;

#[cfg(feature = "tracker")]
use crate::{dashboard, measure::tracker};

/// The error of a command: one sentence and an exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    code: u8,
}

impl Error {
    /// The exit code, as documented in `--help`.
    pub fn exit_code(&self) -> u8 {
        self.code
    }

    pub(super) fn new(message: impl Into<String>, code: impl Into<u8>) -> Self {
        Self {
            message: message.into(),
            code: code.into(),
        }
    }
}

impl From<manifest::Error> for Error {
    fn from(error: manifest::Error) -> Self {
        Self::new(error.to_string(), manifest_exit_code(&error))
    }
}

impl From<spin_host::Error> for Error {
    fn from(error: spin_host::Error) -> Self {
        let code = match &error {
            spin_host::Error::Manifest(error) => manifest_exit_code(error),
            spin_host::Error::Key { .. }
            | spin_host::Error::SourceTooLarge { .. }
            | spin_host::Error::NotWebAssembly { .. }
            | spin_host::Error::NotComponentizable { .. }
            | spin_host::Error::NotCompilable { .. }
            | spin_host::Error::NotLinkable { .. }
            | spin_host::Error::NotAHandler { .. } => sysexits::ExitCode::DataErr,
            spin_host::Error::Environment { .. } => sysexits::ExitCode::Usage,
            spin_host::Error::SourceUnreadable { .. } => sysexits::ExitCode::NoInput,
            spin_host::Error::AddressInUse { .. }
            | spin_host::Error::Address { .. }
            | spin_host::Error::NoMemory { .. }
            | spin_host::Error::CompiledForPool { .. } => sysexits::ExitCode::Unavailable,
            spin_host::Error::NotCompiled { .. } | spin_host::Error::Engine { .. } => sysexits::ExitCode::Software,
            spin_host::Error::NotCached(_) => sysexits::ExitCode::CantCreat,
        };
        Self::new(error.to_string(), code)
    }
}

fn manifest_exit_code(error: &manifest::Error) -> sysexits::ExitCode {
    match error {
        manifest::Error::Unreadable { .. } => sysexits::ExitCode::NoInput,
        _ => sysexits::ExitCode::DataErr,
    }
}

#[cfg(feature = "tracker")]
impl From<tracker::Error> for Error {
    fn from(error: tracker::Error) -> Self {
        Self::new(error.to_string(), error.exit_code())
    }
}

#[cfg(feature = "tracker")]
impl From<dashboard::Error> for Error {
    fn from(error: dashboard::Error) -> Self {
        Self::new(error.to_string(), error.exit_code())
    }
}

/// Writes an answer to stdout. A closed pipe (`| head`) is not an error.
pub(super) fn print(bytes: &[u8]) -> Result<(), Error> {
    command_line::print(bytes).map_err(|error| {
        let message = format!("the answer can't be written to stdout: {error}; is the disk full?");
        Error::new(message, sysexits::ExitCode::IoErr)
    })
}
