//! The engine and the system interface that programs run in.

use std::io::{self, Read, Write};
use std::sync::Arc;

use guest_limits::Limits;
use wasmer::{Engine, Instance, InstantiationError, Module, Pages, RuntimeError, Store, TypedFunction};
use wasmer_wasix::os::task::thread::WasiThreadError;
use wasmer_wasix::runtime::task_manager::tokio::TokioTaskManager;
use wasmer_wasix::{PluggableRuntime, Runtime, WasiEnvBuilder, WasiError, WasiFunctionEnv, WasiRuntimeError};

use crate::stream::Stream;

/// What a program may hold in its memory and tables: 1 GiB, where an interpreter with its standard library finds room,
/// and more table entries than it has functions.
pub const LIMITS: Limits = Limits {
    memory: Pages(16 * 1024),
    table: 1_000_000,
};

/// The function that a WASI command begins with.
const START: &str = "_start";

/// Where programs run. Making one starts threads, so it is made once.
pub struct Host {
    engine: Engine,
    wasi: Arc<dyn Runtime + Send + Sync>,
    /// wasmer-wasix asks tokio for the runtime that it is in.
    tokio: tokio::runtime::Runtime,
}

/// What a program is given.
pub struct Program {
    /// Its own name, its argument 0.
    pub name: String,
    /// The other arguments.
    pub arguments: Vec<String>,
    /// Where it reads.
    pub stdin: Box<dyn Read + Send>,
    /// Where it answers.
    pub stdout: Box<dyn Write + Send>,
    /// Where it says everything else.
    pub stderr: Box<dyn Write + Send>,
}

/// Why a program didn't run to its end. An exit code of its own, whichever, is no error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It wants what this host doesn't offer, or holds more than it may.
    #[error("the program can't be linked: {0}")]
    Link(String),
    /// It is no WASI command.
    #[error(
        "the module exports no function \"{START}\" without parameters and results, so it is no WASI command: build it as a program, not as a library"
    )]
    NotACommand,
    /// It did something that WebAssembly doesn't allow. A Rust program that panics ends like this.
    #[error("the program was stopped: {0}")]
    Trap(String),
    /// The system interface can't be set up.
    #[error("the program can't be started: {0}")]
    Setup(String),
}

impl Host {
    /// Starts the threads that wasmer-wasix works with, and an engine with limits on memories and tables.
    pub fn new(limits: Limits) -> io::Result<Self> {
        // It only ever waits: the program runs on the thread that calls it.
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let engine = guest_limits::engine(limits);
        let mut wasi = PluggableRuntime::new(Arc::new(TokioTaskManager::new(tokio.handle().clone())));
        wasi.set_engine(engine.clone());
        Ok(Self {
            engine,
            wasi: Arc::new(wasi),
            tokio,
        })
    }

    /// The engine that modules have to be compiled by.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Links a module with the system interface and makes an instance of it.
    pub fn instantiate(&self, module: &Module, program: Program) -> Result<Process<'_>, Error> {
        let _entered = self.tokio.enter();
        let mut store = Store::new(self.engine.clone());
        let mut builder = WasiEnvBuilder::new(program.name)
            .args(program.arguments)
            .stdin(Stream::input(program.stdin))
            .stdout(Stream::output(program.stdout))
            .stderr(Stream::output(program.stderr))
            .disable_default_builtins(true)
            .runtime(Arc::clone(&self.wasi));
        // The program's own thread is the one.
        builder.capabilities_mut().threading.max_threads = Some(1);
        let (instance, environment) = builder.instantiate(module.clone(), &mut store).map_err(link_error)?;
        Ok(Process {
            host: self,
            store,
            instance,
            environment,
        })
    }

    /// Runs a program to its end and returns its exit code.
    pub fn run(&self, module: &Module, program: Program) -> Result<i32, Error> {
        self.instantiate(module, program)?.start()
    }
}

fn link_error(error: WasiRuntimeError) -> Error {
    match error {
        WasiRuntimeError::Thread(WasiThreadError::InstanceCreateFailed(error)) => match *error {
            InstantiationError::Start(error) => Error::Trap(error.message()),
            error => Error::Link(error.to_string()),
        },
        WasiRuntimeError::Thread(
            error @ (WasiThreadError::MemoryCreateFailed(_) | WasiThreadError::ExportError(_)),
        ) => Error::Link(error.to_string()),
        error => Error::Setup(error.to_string()),
    }
}

/// A program that is ready to start.
pub struct Process<'host> {
    host: &'host Host,
    store: Store,
    instance: Instance,
    environment: WasiFunctionEnv,
}

impl Process<'_> {
    /// Runs the program to its end and returns its exit code.
    pub fn start(mut self) -> Result<i32, Error> {
        let start = self.function(START).ok_or(Error::NotACommand)?;
        let _entered = self.host.tokio.enter();
        let ended = start.call(&mut self.store).map_or_else(exit_code, |()| Ok(0));
        let code = ended.as_ref().map_or(None, |&code| Some(code.into()));
        self.environment.on_exit(&mut self.store, code);
        ended
    }

    fn function(&self, name: &str) -> Option<TypedFunction<(), ()>> {
        self.instance.exports.get_typed_function(&self.store, name).ok()
    }
}

/// WASI's way to end a program, `proc_exit`, stops it like a trap does.
fn exit_code(error: RuntimeError) -> Result<i32, Error> {
    match error.downcast_ref() {
        Some(WasiError::Exit(code)) => Ok(code.raw()),
        _ => Err(Error::Trap(error.message())),
    }
}
