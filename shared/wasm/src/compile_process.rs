//! Compiles a module in a process of its own, which ends when the compilation takes too much time or memory.
//!
//! A compiler can't be interrupted, and a module of 200 KB can keep it busy for minutes. No limit on a module's size
//! is low enough against that and high enough for honest modules. A process can be ended. It is the same program, started
//! once more: its `main` calls [`serve`] first, and the host calls [`compile`].

use std::env;
use std::io::{self, Read, Write};
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};
use system::processes::end_with_this_process;

/// The program's only argument in the process that compiles.
const ARGUMENT: &str = "compile-the-module-on-standard-input";

/// The most of everything that a compilation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Seconds of processor time, of all threads together. A busy machine changes nothing about them.
    pub processor_seconds: u64,
    /// Bytes of memory that the process may write to.
    pub memory: u64,
}

/// Why there is no compiled code.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("the process that compiles can't be run")]
    Process(#[from] io::Error),
    #[error("the compilation took too much time or memory: {0}")]
    Ended(String),
    #[error("{0}")]
    Refused(String),
}

/// In the process that compiles: limits the process, compiles the module, writes the code, and returns the exit code.
/// `None` in every other process.
///
/// `compile` returns the serialized code, or the reason why the module is refused.
pub fn serve(limits: CompileLimits, compile: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>) -> Option<ExitCode> {
    if !env::args_os().skip(1).eq([ARGUMENT]) {
        return None;
    }
    Some(match serve_here(limits, compile) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The host may be gone.
            _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    })
}

fn serve_here(
    limits: CompileLimits,
    compile: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<(), Box<dyn std::error::Error>> {
    for (resource, limit) in [
        (Resource::Cpu, limits.processor_seconds),
        (Resource::Data, limits.memory),
        (Resource::Core, 0),
    ] {
        let limit = Some(limit);
        setrlimit(
            resource,
            Rlimit {
                current: limit,
                maximum: limit,
            },
        )?;
    }
    let mut module = Vec::new();
    io::stdin().read_to_end(&mut module)?;
    io::stdout().write_all(&compile(&module)?)?;
    Ok(())
}

/// Compiles a module by this program's [`serve`].
///
/// # Errors
/// If the module is refused, or its compilation exceeds the limits.
pub fn compile(module: &[u8]) -> Result<Vec<u8>, Error> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(ARGUMENT);
    end_with_this_process(&mut command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // It reads all before it writes. If it ended before, its status says why.
        _ = stdin.write_all(module);
    }
    let output = child.wait_with_output()?;
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(output.stdout),
        Some(_) => Err(Error::Refused(message)),
        None => Err(Error::Ended(
            format!("{} {message}", output.status).trim_end().to_owned(),
        )),
    }
}
