//! Ruby itself, as WebAssembly under Wasmer: the whole interpreter, with its standard library inside.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ruby_in_wasm::{Compiler, Host, RUBY, Start};
//!
//! let host = Host::new(Compiler::Cranelift)?;
//! let module = host.load(&wasm::compiled_code::Store::default_location(), &RUBY.read()?)?;
//! let mut ruby = host.start(&module, Start::default())?;
//! assert_eq!(ruby.eval("[1, 2, 3].sum")?, "6");
//! # Ok(())
//! # }
//! ```
//!
//! The module is the one that the Ruby project publishes at npm ([`RUBY`]). It is no program but a library: its host
//! starts the interpreter and hands it code ([`Ruby`]). What Ruby gets is what any WASI program here gets, see
//! [`wasi_host`], and the [files](Start::files) that are handed in. It was made for JavaScript hosts; where it asks
//! for JavaScript it is stopped, see the module `javascript`.

mod abi;
mod compile;
mod host;
mod javascript;
mod library;
mod package;
mod ruby;

pub use compile::Compiler;
pub use host::{Host, Start};
pub use library::Library;
pub use package::{Error as PackageError, Package, RUBY};
pub use ruby::{Error, Exception, Ruby};
