//! What a guest under Wasmer may take from its host: memory and table entries ([`engine`]), and time ([`within`]).
//!
//! A guest can't touch its host's memory, but without limits it can still fill the machine's, or never return.

mod memory;
mod time;

pub use memory::{Limits, engine, limited};
pub use time::{TimedOut, within};
