//! The errors of running the dashboard.

use system::{cache, debian_root};

/// The reason for which Rails does not run. Each message is one sentence with the next step.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error(
        "there is no Rails on this machine: `cargo xtask setup` puts Debian's beside it; with a Ruby of your own, \
         `bundle install` in {directory}"
    )]
    NoRails { directory: String },
    #[error("the dashboard's scripts and styles are not built: `cargo xtask setup` builds them")]
    NoAssets,
    #[error(transparent)]
    Root(#[from] debian_root::Error),
    #[error("{path}: {error}; --storage names another directory")]
    Storage { path: String, error: std::io::Error },
    #[error("{0}; or --storage names a directory")]
    NoStorage(#[from] cache::Error),
    #[error("DATABASE_URL {0}; the figures can be kept in postgresql:// or sqlite3:/absolute/file")]
    DatabaseUrl(String),
    #[error("{said}")]
    Database {
        /// Rails' message.
        said: String,
        /// Rails' exit code.
        code: u8,
    },
    #[error("{0} can't be exported to: name a new directory beside others of yours, without a comma or bracket")]
    Directory(String),
    #[error("{path} can't be written: {error}")]
    Export { path: String, error: std::io::Error },
    #[error("{program} can't be started: {error}")]
    Start { program: String, error: std::io::Error },
    #[error("{program} ended with {status}{said}")]
    Ended {
        program: &'static str,
        status: std::process::ExitStatus,
        /// The recent output, on lines of its own; empty if there is none.
        said: String,
    },
    #[error("the dashboard did not answer within {seconds} s{said}")]
    NotReady { seconds: u64, said: String },
    #[error("port {port} is in use; --port names another, and 0 takes any free one")]
    PortInUse { port: u16 },
    #[error("the dashboard can't be asked: {0}")]
    Asking(#[from] reqwest::Error),
    #[error("the dashboard answered something unexpected about {0}")]
    Answer(String),
}

impl Error {
    /// Whether a retry may succeed without a change of the installation or the options.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Database { code, .. } => *code == u8::from(sysexits::ExitCode::Unavailable),
            Self::NoRails { .. }
            | Self::NoAssets
            | Self::Root(_)
            | Self::NoStorage(_)
            | Self::DatabaseUrl(_)
            | Self::Directory(_)
            | Self::Export { .. }
            | Self::PortInUse { .. } => false,
            Self::Storage { .. }
            | Self::Start { .. }
            | Self::Ended { .. }
            | Self::NotReady { .. }
            | Self::Asking(_)
            | Self::Answer(_) => true,
        }
    }

    /// 64 if `DATABASE_URL` is wrong, 69 if something is missing or in use, 73 if figures can't be stored, 70 for a bug
    /// of the tracker.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Database { code, .. } => return *code,
            Self::DatabaseUrl(_) | Self::Directory(_) => sysexits::ExitCode::Usage,
            Self::NoRails { .. } | Self::NoAssets | Self::Root(_) | Self::PortInUse { .. } | Self::NotReady { .. } => {
                sysexits::ExitCode::Unavailable
            }
            Self::Storage { .. } | Self::NoStorage(_) | Self::Export { .. } => sysexits::ExitCode::CantCreat,
            Self::Start { .. } | Self::Ended { .. } | Self::Asking(_) | Self::Answer(_) => sysexits::ExitCode::Software,
        }
        .into()
    }
}
