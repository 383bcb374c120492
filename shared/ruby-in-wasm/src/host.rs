//! What Ruby runs in, and what it is started with.

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

/// How much of the machine's stack Ruby may use, in bytes: as much as a process's main thread has. Compiling one of
/// HTree's regular expressions takes more than Wasmer's 1 MiB. Ruby stops its own recursions long before.
const STACK: usize = 8 << 20;

/// Where Rubies run. Making one starts threads, so it is made once.
pub struct Host {
    wasi: wasi_host::Host,
    compiler: Compiler,
}

/// What a Ruby is given.
pub struct Start {
    /// Where it reads.
    pub stdin: Box<dyn Read + Send>,
    /// Where it answers. Ruby has a buffer of its own, see [`Ruby::flush`].
    pub stdout: Box<dyn Write + Send>,
    /// Where it says everything else.
    pub stderr: Box<dyn Write + Send>,
    /// What it finds as files: each an absolute path, and what is to be read there.
    pub files: Vec<(PathBuf, Vec<u8>)>,
}

/// Nothing to read, and this process's stdout and stderr.
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
    /// Starts the threads that WASI works with, and an engine with limits on memories and tables
    /// ([`wasi_host::LIMITS`]).
    ///
    /// Wasmer has one stack size for the whole process, and this sets it.
    pub fn new(compiler: Compiler) -> io::Result<Self> {
        wasmer::sys::vm::set_stack_size(STACK);
        let engine = guest_limits::limited(compiler.engine(), LIMITS);
        Ok(Self {
            wasi: wasi_host::Host::with(engine, javascript::imports)?,
            compiler,
        })
    }

    /// The engine that modules have to be compiled by.
    pub fn engine(&self) -> &Engine {
        self.wasi.engine()
    }

    /// Loads the compiled code of `wasm` from the cache, or compiles it and caches the result.
    ///
    /// Compiling takes many seconds: it is said on stderr, and of several processes one does it while the others wait.
    pub fn load(&self, cache: &CompiledCode, wasm: &[u8]) -> Result<Module, CompileError> {
        let load_or = |compile: &dyn Fn() -> Result<Module, CompileError>| {
            compiled_code::wasmer::module_by(cache, self.engine(), wasm, compile)
        };
        load_or(&|| {
            // Where there can be no lock, each compiles. With it, the one that waited finds what the other has cache.
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
