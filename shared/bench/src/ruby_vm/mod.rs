//! A loaded Ruby virtual machine for benches.
//!
//! A process can start Ruby only once, on one thread and with fixed options, but a bench needs Ruby without and with
//! YJIT. So each Ruby runs in its own process: the same executable, with Ruby embedded by `magnus`. The process gets
//! its tasks by name on a pipe. It measures with its own clock, so that a figure includes neither the pipe nor the
//! other process.
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
//! // The first statement of `main`: in the process with Ruby it doesn't return.
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
