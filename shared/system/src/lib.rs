//! The machine that a program of this workspace runs on.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`command_line`] | what every program does with its command line |
//! | [`cache`] | this machine's cache of guests, compiled code and roots |
//! | [`debian_root`] | a Debian beside the machine's own, for Rails |
//! | [`postgresql`] | a PostgreSQL of its own for a test |

pub mod cache;
pub mod command_line;
pub mod debian_root;
pub mod postgresql;
