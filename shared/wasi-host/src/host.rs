//! The host: the engine and the system interface of programs.

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

/// The limits on a program's memory and tables: 1 GiB, enough for an interpreter with its standard library, and more
/// table entries than it has functions.
pub const LIMITS: Limits = Limits {
    memory: Pages(16 * 1024),
    table: 1_000_000,
};

/// The entry point of a WASI command.
const START: &str = "_start";

/// A host of WASI programs. It has threads, so that a process needs only one.
pub struct Host {
    engine: Engine,
    wasi: Arc<dyn Runtime + Send + Sync>,
    /// wasmer-wasix expects to run within a tokio runtime.
    tokio: tokio::runtime::Runtime,
}

/// The arguments and the standard streams of a program.
pub struct Program {
    /// Argument 0, the program's name.
    pub name: String,
    /// The other arguments.
    pub arguments: Vec<String>,
    /// Standard input.
    pub stdin: Box<dyn Read + Send>,
    /// Standard output.
    pub stdout: Box<dyn Write + Send>,
    /// Standard error.
    pub stderr: Box<dyn Write + Send>,
}

/// A program did not run to its end. A non-zero exit code is no error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program needs an import that this host lacks, or exceeds the limits.
    #[error("the program can't be linked: {0}")]
    Link(String),
    /// The module is not a WASI command.
    #[error(
        "the module exports no function \"{START}\" without parameters and results, so it is no WASI command: build it as a program, not as a library"
    )]
    NotACommand,
    /// The program trapped. A panic in Rust ends like this, too.
    #[error("the program was stopped: {0}")]
    Trap(String),
    /// The system interface can't be set up.
    #[error("the program can't be started: {0}")]
    Setup(String),
    /// A file can't be added to the program's file system.
    #[error("the file {path} can't be added to the program's file system: {cause}")]
    File {
        /// The path in the program's file system.
        path: PathBuf,
        /// The error, as text.
        cause: String,
    },
}

impl Host {
    /// Starts the threads of wasmer-wasix, and creates an engine with limits on memories and tables.
    pub fn new(limits: Limits) -> io::Result<Self> {
        Self::with(guest_limits::engine(limits), |_, _| Imports::new())
    }

    /// As [`Self::new`], with the caller's engine, and with imports in addition to those of WASI.
    pub fn with(
        engine: Engine,
        imports: impl Fn(&Module, &mut StoreMut<'_>) -> Imports + Send + Sync + 'static,
    ) -> io::Result<Self> {
        // One thread is enough, because it only waits: a program runs on its caller's thread.
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

    /// The engine that must compile the modules.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Links a module with the system interface and creates an instance.
    pub fn instantiate(&self, module: &Module, program: Program) -> Result<Process<'_>, Error> {
        self.instantiate_with_files(module, program, &[])
    }

    /// As [`Self::instantiate`], with read-only `files` in the program's file system: absolute paths and contents.
    ///
    /// The files are copies in memory. The program has no access to this machine's files.
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
            // A directory that is opened like this is read-only.
            builder
                .preopen_vfs_dirs(["/".to_owned()])
                .map_err(|error| Error::Setup(error.to_string()))?;
        }
        // The only thread is the program's first one.
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

/// An instance of a program, ready to start.
pub struct Process<'host> {
    host: &'host Host,
    store: Store,
    instance: Instance,
    environment: WasiFunctionEnv,
}

impl Process<'_> {
    /// Calls the exports of a module that is no command, within the tokio runtime that WASI's functions need.
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

    /// Releases the program's resources, such as open files. `code` is the program's exit code; `None` if it trapped.
    pub fn end(&mut self, code: Option<i32>) {
        let _entered = self.host.tokio.enter();
        self.environment.on_exit(&mut self.store, code.map(Into::into));
    }

    fn function(&self, name: &str) -> Option<TypedFunction<(), ()>> {
        self.instance.exports.get_typed_function(&self.store, name).ok()
    }
}

/// The exit code of a program that called `proc_exit`, which wasmer-wasix reports like a trap; or the trap as an error.
pub fn exit_code(error: RuntimeError) -> Result<i32, Error> {
    match error.downcast_ref() {
        Some(WasiError::Exit(code)) => Ok(code.raw()),
        _ => Err(Error::Trap(error.message())),
    }
}
