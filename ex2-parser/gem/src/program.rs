//! `WasmHost::Program`: runs a WASI command, with its standard streams as strings.

use std::io::{self, Cursor, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use magnus::prelude::*;
use magnus::typed_data::Obj;
use magnus::{Error, RArray, RString, Ruby};
use wasi_host::Host;
use wasmer::Imports;

use crate::instance::duration;
use crate::module::Module;
use crate::{call, error, gvl};

/// The interval at which the waiting Ruby thread checks for interrupts.
const INTERRUPT_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The time that a program has to end after it was told to. A program that sleeps longer is not waited for: it ends when
/// it wakes up.
const TERMINATION_GRACE: Duration = Duration::from_millis(200);

/// The input and the limits of a program.
pub(crate) struct ProgramInput {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) memory_limit: u64,
    pub(crate) output_limit: usize,
    pub(crate) time_limit: Option<Duration>,
}

/// The result of running a program.
struct ProgramOutcome {
    result: Result<i32, Failure>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    timed_out: bool,
    too_much_output: bool,
}

enum Failure {
    Host(io::Error),
    Program(wasi_host::Error),
    /// The host has a bug.
    Panic,
}

/// Runs a program to its end: exit code, stdout, stderr.
///
/// It runs on a thread of its own: it may sleep, and does not poll for interrupts while it sleeps.
pub(crate) fn run(ruby: &Ruby, arguments: &[magnus::Value]) -> Result<RArray, Error> {
    let (module, input) = read_arguments(ruby, arguments)?;
    if !module.is_interruptible() {
        return Err(Error::new(
            ruby.exception_arg_error(),
            "a program has to be one that can be stopped: make its module without interruptible: false",
        ));
    }
    let limits = (input.time_limit, input.output_limit);
    let ended = run_on_thread(ruby, &module, input)?;
    if ended.timed_out {
        return Err(error::timed_out(ruby, limits.0.unwrap_or_default()));
    }
    if ended.too_much_output {
        return Err(error::limit(
            ruby,
            format!(
                "the program wrote more than {} bytes and was stopped: output_limit: lets it write more",
                limits.1
            ),
        ));
    }
    match ended.result {
        Ok(code) => {
            let result = ruby.ary_new_capa(3);
            result.push(code)?;
            result.push(ruby.str_from_slice(&ended.stdout))?;
            result.push(ruby.str_from_slice(&ended.stderr))?;
            Ok(result)
        }
        Err(failure) => Err(to_exception(ruby, &failure, &ended.stderr)),
    }
}

fn read_arguments(ruby: &Ruby, arguments: &[magnus::Value]) -> Result<(Obj<Module>, ProgramInput), Error> {
    type Arguments = (Obj<Module>, String, Vec<String>, RString, u64, usize, Option<f64>);
    let array = ruby.ary_from_iter(arguments.iter().copied());
    let (module, name, arguments, stdin, memory_limit, output_limit, time_limit) =
        magnus::TryConvert::try_convert(array.as_value()).map(|arguments: Arguments| arguments)?;
    let input = ProgramInput {
        name,
        arguments,
        // SAFETY: the bytes are copied at once.
        stdin: unsafe { stdin.as_slice() }.to_vec(),
        memory_limit,
        output_limit,
        time_limit: duration(ruby, time_limit)?,
    };
    if let Some(text) = input
        .arguments
        .iter()
        .chain([&input.name])
        .find(|text| text.contains('\0'))
    {
        return Err(Error::new(
            ruby.exception_arg_error(),
            format!("an argument ends at its first zero byte, and this one goes on: {text:?}"),
        ));
    }
    Ok((module, input))
}

fn run_on_thread(ruby: &Ruby, module: &Module, input: ProgramInput) -> Result<ProgramOutcome, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let deadline = input.time_limit.and_then(|limit| Instant::now().checked_add(limit));
    let (sender, receiver) = mpsc::sync_channel(1);
    let (engine, module) = (
        module.engine(input.memory_limit, &Arc::default()),
        module.compiled().clone(),
    );
    let time_limit = input.time_limit;
    let stopped = Arc::clone(&stop);
    thread::Builder::new()
        .name("wasi program".to_owned())
        .spawn(move || {
            // If the program is late, the receiver is gone and the result is not needed.
            _ = sender.send(work(engine, &module, input, deadline, &stopped));
        })
        .map_err(|cause| {
            Error::new(
                ruby.exception_runtime_error(),
                format!("no thread can be started for the program: {cause}"),
            )
        })?;
    let late = deadline.and_then(|deadline| deadline.checked_add(TERMINATION_GRACE));
    loop {
        let interrupted = AtomicBool::new(false);
        let ended = gvl::without(&interrupted, || {
            loop {
                match receiver.recv_timeout(INTERRUPT_POLL_INTERVAL) {
                    Err(RecvTimeoutError::Timeout)
                        if !interrupted.load(Ordering::Relaxed) && late.is_none_or(|late| Instant::now() < late) => {}
                    ended => return ended,
                }
            }
        });
        match ended {
            Some(Ok(ended)) => return Ok(ended),
            Some(Err(RecvTimeoutError::Disconnected)) => {
                return Err(error::exception(
                    ruby,
                    "Error",
                    "the program's thread ended without a word",
                ));
            }
            Some(Err(RecvTimeoutError::Timeout)) if late.is_some_and(|late| Instant::now() >= late) => {
                stop.store(true, Ordering::Relaxed);
                return Err(error::timed_out(ruby, time_limit.unwrap_or_default()));
            }
            Some(Err(RecvTimeoutError::Timeout)) | None => {
                if let Err(interrupt) = gvl::check_interrupts() {
                    stop.store(true, Ordering::Relaxed);
                    // Other Ruby threads run meanwhile.
                    gvl::without(&AtomicBool::new(false), || _ = receiver.recv_timeout(TERMINATION_GRACE));
                    return Err(interrupt);
                }
            }
        }
    }
}

fn work(
    engine: wasmer::Engine,
    module: &wasmer::Module,
    input: ProgramInput,
    deadline: Option<Instant>,
    stop: &Arc<AtomicBool>,
) -> ProgramOutcome {
    let sink = || Sink {
        written: Arc::default(),
        limit: input.output_limit,
        is_over_limit: Arc::default(),
        stop: Arc::clone(stop),
    };
    let (stdout, stderr) = (sink(), sink());
    let program = wasi_host::Program {
        name: input.name,
        arguments: input.arguments,
        stdin: Box::new(Cursor::new(input.stdin)),
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
    };
    let (result, timed_out) = call::run_on_own_thread(deadline, stop, || {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let host = Host::with(engine, |_, _| Imports::new()).map_err(Failure::Host)?;
            host.run(module, program).map_err(Failure::Program)
        }))
        .unwrap_or(Err(Failure::Panic))
    });
    ProgramOutcome {
        result,
        too_much_output: stdout.is_full() || stderr.is_full(),
        stdout: stdout.take(),
        stderr: stderr.take(),
        timed_out,
    }
}

/// Collects the output of a standard stream, up to a limit.
#[derive(Clone)]
struct Sink {
    written: Arc<Mutex<Vec<u8>>>,
    limit: usize,
    is_over_limit: Arc<AtomicBool>,
    /// Set to end the program.
    stop: Arc<AtomicBool>,
}

impl Sink {
    fn is_full(&self) -> bool {
        self.is_over_limit.load(Ordering::Relaxed)
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len().saturating_add(bytes.len()) > self.limit {
            self.is_over_limit.store(true, Ordering::Relaxed);
            self.stop.store(true, Ordering::Relaxed);
            return Err(io::ErrorKind::StorageFull.into());
        }
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn to_exception(ruby: &Ruby, failure: &Failure, stderr: &[u8]) -> Error {
    match failure {
        Failure::Host(cause) => {
            error::exception(ruby, "Error", format!("the program's host can't be started: {cause}"))
        }
        Failure::Panic => error::exception(
            ruby,
            "Error",
            "the program's host has a bug that it met, and said more on stderr",
        ),
        Failure::Program(cause @ wasi_host::Error::Trap(_)) => {
            let said = String::from_utf8_lossy(stderr);
            let said = error::one_line(said.trim());
            let message = error::one_line(&cause.to_string());
            error::trapped(
                ruby,
                None,
                if said.is_empty() {
                    message
                } else {
                    format!("{message}; it said: {}", said.chars().take(500).collect::<String>())
                },
            )
        }
        Failure::Program(cause @ (wasi_host::Error::Link(_) | wasi_host::Error::NotACommand)) => {
            error::link(ruby, error::one_line(&cause.to_string()))
        }
        Failure::Program(cause) => error::exception(ruby, "Error", error::one_line(&cause.to_string())),
    }
}
