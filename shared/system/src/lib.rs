//! The machine that a program of this workspace runs on.
//!
//! | module | content |
//! | --- | --- |
//! | [`architecture`] | the architectures of container images |
//! | [`cargo`] | programs that cargo builds |
//! | [`command_line`] | arguments, output and exit codes of all programs |
//! | [`cache`] | the cache of guests, compiled code and roots |
//! | [`debian_root`] | a Debian root directory, in which Rails runs |
//! | [`ports`] | a free port |
//! | [`postgresql`] | a PostgreSQL server for one test |
//! | [`processes`] | processes that end with their parent, their memory, and programs that run others |
//! | [`python`] | packages for Python |

pub mod architecture;
pub mod cache;
pub mod cargo;
pub mod command_line;
pub mod debian_root;
pub mod ports;
pub mod postgresql;
pub mod processes;
pub mod python;

use std::path::Path;

/// The workspace's root when this crate was compiled.
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}
