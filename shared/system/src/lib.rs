//! The machine that a program of this workspace runs on.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`command_line`] | arguments, output and exit codes of every program |
//! | [`cache`] | the cache of guests, compiled code and roots |
//! | [`debian_root`] | a Debian root directory, in which Rails runs |
//! | [`ports`] | a free port |
//! | [`postgresql`] | a PostgreSQL server for one test |

pub mod cache;
pub mod command_line;
pub mod debian_root;
pub mod ports;
pub mod postgresql;
