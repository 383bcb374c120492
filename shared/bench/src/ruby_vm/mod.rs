//! Ruby's virtual machine, loaded and waiting, for benches.
//!
//! A process starts Ruby once, with the options that it has then, on the thread that it will stay on; and a bench wants
//! two, without and with YJIT. So each is a process of its own: the same executable once more, with Ruby embedded in it
//! by `magnus`. It gets its tasks by name on a pipe and tells how long they took by its own clock, so that neither the
//! pipe nor the other process is in a figure.
//!
//! ```no_run
//! # #[cfg(feature = "ruby")] {
//! use bench::ruby_vm::{Tasks, Vm, magnus};
//!
//! struct Sum;
//!
//! impl Tasks for Sum {
//!     fn run(&mut self, ruby: &magnus::Ruby, task: &str, iterations: u64) -> Result<(), magnus::Error> {
//!         (0..iterations).try_for_each(|_| ruby.eval::<u64>(task).map(drop))
//!     }
//!
//!     fn answer(&mut self, ruby: &magnus::Ruby, task: &str) -> Result<String, magnus::Error> {
//!         ruby.eval::<u64>(task).map(|sum| sum.to_string())
//!     }
//! }
//!
//! // First of all in `main`: in the other process this doesn't return.
//! bench::ruby_vm::serve_if_asked(|_| Ok(Sum));
//! let mut ruby = Vm::start(&["--yjit"])?;
//! assert_eq!(ruby.answer("1 + 1")?, "2");
//! let duration = ruby.measure("1 + 1", 1_000)?;
//! # }
//! # Ok::<(), bench::ruby_vm::Error>(())
//! ```

mod protocol;
#[cfg(feature = "ruby")]
mod serve;
mod vm;

#[cfg(feature = "ruby")]
pub use magnus;
#[cfg(feature = "ruby")]
pub use serve::{Tasks, serve_if_asked};
pub use vm::{Error, Vm};
