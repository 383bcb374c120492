//! Limits on a guest under Wasmer: memory and table entries ([`engine`]), and time ([`within`]).
//!
//! A guest can't access its host's memory. But without limits it can use up the machine's memory, or never return.

mod memory;
mod time;

pub use memory::{Limits, engine, limited};
pub use time::{TimedOut, within};
