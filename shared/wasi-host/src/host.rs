//! The engine and the system interface that programs run in.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasm::guest_limits::{self, Limits};
use wasmer::{
    Engine, Imports, Instance, InstantiationError, Module, Pages, RuntimeError, Store, StoreMut, TypedFunction,
};
use wasmer_wasix::os::task::thread::WasiThreadError;
use wasmer_wasix::runtime::task_manager::tokio::TokioTaskManager;
use wasmer_wasix::virtual_fs::{self, FileSystem, RootFileSystemBuilder, TmpFileSystem};
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
    /// A file that it was to find can't be put there.
    #[error("the file {path} can't be handed in: {cause}")]
    File {
        /// The file, as the program would see it.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
}

impl Host {
    /// Starts the threads that wasmer-wasix works with, and an engine with limits on memories and tables.
    pub fn new(limits: Limits) -> io::Result<Self> {
        Self::with(guest_limits::engine(limits), |_, _| Imports::new())
    }

    /// The same with an engine of the caller's, and with imports that programs find besides WASI's own.
    pub fn with(
        engine: Engine,
        imports: impl Fn(&Module, &mut StoreMut<'_>) -> Imports + Send + Sync + 'static,
    ) -> io::Result<Self> {
        // It only ever waits: the program runs on the thread that calls it.
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let mut wasi = PluggableRuntime::new(Arc::new(TokioTaskManager::new(tokio.handle().clone())));
        wasi.set_engine(engine.clone())
            .with_additional_imports(move |module, store| Ok(imports(module, store)));
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
        self.instantiate_with_files(module, program, &[])
    }

    /// The same for a program that finds `files`, each an absolute path and what is to be read there.
    ///
    /// They are copies in memory: the program still sees no file of this machine.
    pub fn instantiate_with_files(
        &self,
        module: &Module,
        program: Program,
        files: &[(PathBuf, Vec<u8>)],
    ) -> Result<Process<'_>, Error> {
        let _entered = self.tokio.enter();
        let mut store = Store::new(self.engine.clone());
        let mut builder = WasiEnvBuilder::new(program.name)
            .args(program.arguments)
            .stdin(Stream::input(program.stdin))
            .stdout(Stream::output(program.stdout))
            .stderr(Stream::output(program.stderr))
            .disable_default_builtins(true)
            .fs(file_system(files)?)
            .runtime(Arc::clone(&self.wasi));
        if !files.is_empty() {
            // Opened this way the directory is for reading alone.
            builder
                .preopen_vfs_dirs(["/".to_owned()])
                .map_err(|error| Error::Setup(error.to_string()))?;
        }
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

fn file_system(files: &[(PathBuf, Vec<u8>)]) -> Result<Arc<dyn FileSystem + Send + Sync>, Error> {
    let root = RootFileSystemBuilder::default().build_tmp();
    for (path, bytes) in files {
        write(&root, path, bytes).map_err(|cause| Error::File {
            path: path.clone(),
            cause: cause.to_string(),
        })?;
    }
    Ok(Arc::new(root))
}

fn write(root: &TmpFileSystem, path: &Path, bytes: &[u8]) -> Result<(), virtual_fs::FsError> {
    let parent = path.parent().ok_or(virtual_fs::FsError::InvalidInput)?;
    virtual_fs::create_dir_all(root, parent)?;
    root.new_open_options_ext().insert_ro_file(path, bytes.to_vec().into())
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
    /// Works with the instance of a module that is no command, surrounded by what WASI's functions need.
    pub fn work<T>(&mut self, work: impl FnOnce(&mut Store, &Instance) -> T) -> T {
        let _entered = self.host.tokio.enter();
        work(&mut self.store, &self.instance)
    }

    /// Runs the program to its end and returns its exit code.
    pub fn start(mut self) -> Result<i32, Error> {
        let start = self.function(START).ok_or(Error::NotACommand)?;
        let ended = self.work(|store, _| start.call(store).map_or_else(exit_code, |()| Ok(0)));
        self.end(ended.as_ref().ok().copied());
        ended
    }

    /// Lets go of what WASI holds for the program: open files, say. `code` is the program's exit code, if it has one.
    pub fn end(&mut self, code: Option<i32>) {
        let _entered = self.host.tokio.enter();
        self.environment.on_exit(&mut self.store, code.map(Into::into));
    }

    fn function(&self, name: &str) -> Option<TypedFunction<(), ()>> {
        self.instance.exports.get_typed_function(&self.store, name).ok()
    }
}

/// WASI's way to end a program, `proc_exit`, stops it like a trap does: tells the two apart.
pub fn exit_code(error: RuntimeError) -> Result<i32, Error> {
    match error.downcast_ref() {
        Some(WasiError::Exit(code)) => Ok(code.raw()),
        _ => Err(Error::Trap(error.message())),
    }
}
