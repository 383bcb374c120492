//! Runs the Rails application, which stores and shows the figures, on this machine.
//!
//! | file | concept |
//! | --- | --- |
//! | `runtime` | finds Ruby: the user's own, or Debian's in a root of its own |
//! | `storage` | the directory of the figures and of Rails' secret |
//! | `database` | the user's own database, if one is set |
//! | `settings` | Rails' environment variables |
//! | `program`, `process` | a command of Rails, and its running process |
//! | `lifeline` | the connection to a process: it ends with this one, and may ask for the listening socket |
//! | `server` | the web server: starts, watches and restarts it |
//! | `collector` | runs a pass, and reads its events |
//! | `exporter` | writes the dashboard as files |
//! | `figures` | reads the stored figures as JSON |

pub mod collector;
pub(crate) mod database;
mod error;
pub mod exporter;
pub mod figures;
#[cfg(unix)]
mod lifeline;
pub(crate) mod process;
mod program;
pub mod runtime;
pub mod server;
pub mod settings;
pub mod storage;

pub use error::Error;
pub use runtime::Runtime;
pub use server::Server;
pub use settings::Settings;
pub use storage::Storage;
