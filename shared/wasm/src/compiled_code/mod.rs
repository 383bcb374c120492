//! Compiled WebAssembly, cached on disk, and checked before it is trusted.
//!
//! Compiling a guest costs milliseconds to seconds, loading what was compiled costs microseconds. An engine loads
//! such code without checking it: whoever can write the file runs code in the host. So an entry is used only when
//!
//! - its name says that it was made from this guest, by this engine, version and compiler, for a processor with these
//!   features ([`Key`]);
//! - its last bytes, the trailer, name its length and checksum, and both are right ([`Store::load_or_compile`]);
//! - file and directory belong to this program's user or to root, and nobody else may write to them, or put others in
//!   their place ([`system::cache::open`]);
//! - and the engine accepts it.
//!
//! Everything else is compiled anew and replaced. The checksum finds damage, not malice: that is what the owner is for.

mod key;
mod store;
#[cfg(feature = "wasmer")]
pub mod wasmer;

pub use key::{Key, settings};
pub use store::{Entry, Store};
pub use system::cache::Error;
