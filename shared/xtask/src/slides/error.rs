//! What can go wrong, with the exit code.

use std::io;
use std::path::PathBuf;

/// Why there is no talk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Another program has the port.
    #[error("port {port} can't be served: {cause}; stop what uses it, or take any free port with --port 0")]
    Port { port: u16, cause: io::Error },
    /// Something of the reader's is where the talk is to be.
    #[error(
        "{directory} has {entry}, which is no part of what is written there: name a new or an empty directory",
        directory = directory.display()
    )]
    Occupied { directory: PathBuf, entry: String },
    /// The system refuses to write there.
    #[error("{path} can't be written: {cause}; name another directory", path = path.display())]
    Unwritable { path: PathBuf, cause: io::Error },
    /// A program that the talk needs isn't there.
    #[error("`{command}` can't be started: {cause}; `cargo xtask setup` installs what is missing")]
    Start { command: String, cause: io::Error },
    /// It was, and failed.
    #[error("`{command}` {how}; what it said stands above")]
    Failed { command: String, how: String },
}

impl Error {
    /// As in sysexits.h; 1 for a step that failed.
    pub(crate) fn exit_code(&self) -> u8 {
        let code = match self {
            Self::Port { .. } => sysexits::ExitCode::Unavailable,
            Self::Occupied { .. } | Self::Unwritable { .. } => sysexits::ExitCode::CantCreat,
            Self::Start { .. } | Self::Failed { .. } => return crate::run::FAILED,
        };
        code.into()
    }
}
