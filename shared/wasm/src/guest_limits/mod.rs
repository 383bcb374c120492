//! Limits on a guest under Wasmer: memory and table entries ([`engine`]), and time. [`within`] gives up a late guest,
//! whose process then ends. [`instrument`] and [`polling()`] end the guest alone.
//!
//! A guest can't access its host's memory. But without limits it can use up the machine's memory, or never return.

mod instrumentation;
mod memory;
mod polling;
mod time;

pub use instrumentation::{INSTRUMENTATION_VERSION, instrument, is_given_memory};
pub use memory::{Limits, engine, limited};
pub use polling::{MemoryUse, ShouldContinue, before_deadline, end_at, interruptible_engine, polling};
pub use time::{TimedOut, within};
