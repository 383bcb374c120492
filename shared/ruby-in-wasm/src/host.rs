//! The host of Ruby's module, and the streams and files of a Ruby.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use system::cache;
use wasi_host::{LIMITS, Program};
use wasm::compiled_code::{self, Store as CompiledCode};
use wasm::guest_limits;
use wasmer::{CompileError, Engine, Module};

use crate::compile::Compiler;
use crate::ruby::{Error, Ruby};
use crate::{javascript, package};

/// The size of Ruby's stack in bytes, as much as a process's main thread has. Compiling one of HTree's regular
/// expressions takes more than Wasmer's 1 MiB. Ruby's own limit of recursion is much lower.
const STACK: usize = 8 << 20;

/// A host of Rubies. It has threads, so that a process needs only one.
pub struct Host {
    wasi: wasi_host::Host,
    compiler: Compiler,
}

/// The standard streams and files of a Ruby.
pub struct Start {
    /// Standard input.
    pub stdin: Box<dyn Read + Send>,
    /// Standard output. Ruby has its own buffer, see [`Ruby::flush`].
    pub stdout: Box<dyn Write + Send>,
    /// Standard error.
    pub stderr: Box<dyn Write + Send>,
    /// Read-only files: absolute paths and contents.
    pub files: Vec<(PathBuf, Vec<u8>)>,
}

/// An empty stdin, this process's stdout and stderr, and no files.
impl Default for Start {
    fn default() -> Self {
        Self {
            stdin: Box::new(io::empty()),
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            files: Vec::new(),
        }
    }
}

impl Host {
    /// Starts the threads of the WASI host, and creates an engine with limits on memories and tables
    /// ([`wasi_host::LIMITS`]).
    ///
    /// This sets Wasmer's stack size, which is the same in the whole process.
    pub fn new(compiler: Compiler) -> io::Result<Self> {
        wasmer::sys::vm::set_stack_size(STACK);
        let engine = guest_limits::limited(compiler.engine(), LIMITS);
        Ok(Self {
            wasi: wasi_host::Host::with(engine, javascript::imports)?,
            compiler,
        })
    }

    /// The engine that must compile the modules.
    pub fn engine(&self) -> &Engine {
        self.wasi.engine()
    }

    /// Loads the compiled code of `wasm` from the cache, or compiles it and caches the result.
    ///
    /// Compiling takes many seconds, with a message on stderr. Of several processes one compiles and the others wait.
    pub fn load(&self, cache: &CompiledCode, wasm: &[u8]) -> Result<Module, CompileError> {
        let load_or = |compile: &dyn Fn() -> Result<Module, CompileError>| {
            compiled_code::wasmer::module_by(cache, self.engine(), wasm, compile)
        };
        load_or(&|| {
            // A process that waited for the lock finds the code in the cache. Without a lock each process compiles.
            let _lock = cache::directory("npm").and_then(|directory| cache::lock(&directory.join(package::LOCK)));
            load_or(&|| self.compiler.compile(self.engine(), wasm))
        })
    }

    /// Starts a Ruby.
    pub fn start(&self, module: &Module, start: Start) -> Result<Ruby<'_>, Error> {
        let program = Program {
            name: "ruby".to_owned(),
            arguments: Vec::new(),
            stdin: start.stdin,
            stdout: start.stdout,
            stderr: start.stderr,
        };
        Ruby::start(self.wasi.instantiate_with_files(module, program, &start.files)?)
    }
}
