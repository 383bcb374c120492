//! CRuby compiled to WebAssembly, under Wasmer: the whole interpreter with its standard library.
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
//! The Ruby project publishes the module at npm ([`RUBY`]). It is a library, not a program: its host starts the
//! interpreter and evaluates code in it ([`Ruby`]). Ruby has the access of any WASI program here, see [`wasi_host`],
//! and copies of [files](Start::files). The module is made for JavaScript hosts. A call of JavaScript stops Ruby, see
//! the module `javascript`.

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
