//! `WasmHost::Program`: a WASI command, with its standard streams as strings.

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

/// How often the thread that waits looks for Ruby's interrupts.
const TICK: Duration = Duration::from_millis(10);

/// How long a program that has to end may take for it. One that sleeps is left to itself: it ends when it wakes.
const GRACE: Duration = Duration::from_millis(200);

/// What a program is given, and what it may take.
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) memory_limit: u64,
    pub(crate) output_limit: usize,
    pub(crate) time_limit: Option<Duration>,
}

/// How a program ended.
struct Ended {
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
/// It has a thread of its own, because it may sleep, and a sleeper doesn't look up.
pub(crate) fn run(ruby: &Ruby, arguments: &[magnus::Value]) -> Result<RArray, Error> {
    let (module, given) = given(ruby, arguments)?;
    if !module.is_interruptible() {
        return Err(Error::new(
            ruby.exception_arg_error(),
            "a program has to be one that can be stopped: make its module without interruptible: false",
        ));
    }
    let limits = (given.time_limit, given.output_limit);
    let ended = supervise(ruby, &module, given)?;
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
        Err(failure) => Err(explain(ruby, &failure, &ended.stderr)),
    }
}

fn given(ruby: &Ruby, arguments: &[magnus::Value]) -> Result<(Obj<Module>, Given), Error> {
    type Arguments = (Obj<Module>, String, Vec<String>, RString, u64, usize, Option<f64>);
    let array = ruby.ary_from_iter(arguments.iter().copied());
    let (module, name, arguments, stdin, memory_limit, output_limit, time_limit) =
        magnus::TryConvert::try_convert(array.as_value()).map(|arguments: Arguments| arguments)?;
    let given = Given {
        name,
        arguments,
        // SAFETY: it is copied at once.
        stdin: unsafe { stdin.as_slice() }.to_vec(),
        memory_limit,
        output_limit,
        time_limit: duration(ruby, time_limit)?,
    };
    if let Some(text) = given
        .arguments
        .iter()
        .chain([&given.name])
        .find(|text| text.contains('\0'))
    {
        return Err(Error::new(
            ruby.exception_arg_error(),
            format!("an argument ends at its first zero byte, and this one goes on: {text:?}"),
        ));
    }
    Ok((module, given))
}

fn supervise(ruby: &Ruby, module: &Module, given: Given) -> Result<Ended, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let deadline = given.time_limit.and_then(|limit| Instant::now().checked_add(limit));
    let (sender, receiver) = mpsc::sync_channel(1);
    let (engine, module) = (
        module.engine(given.memory_limit, &Arc::default()),
        module.compiled().clone(),
    );
    let time_limit = given.time_limit;
    let stopped = Arc::clone(&stop);
    thread::Builder::new()
        .name("wasi program".to_owned())
        .spawn(move || {
            // The receiver is gone where the program is late: then nobody wants its result.
            _ = sender.send(work(engine, &module, given, deadline, &stopped));
        })
        .map_err(|cause| {
            Error::new(
                ruby.exception_runtime_error(),
                format!("no thread can be started for the program: {cause}"),
            )
        })?;
    let late = deadline.and_then(|deadline| deadline.checked_add(GRACE));
    loop {
        let interrupted = AtomicBool::new(false);
        let ended = gvl::without(&interrupted, || {
            loop {
                match receiver.recv_timeout(TICK) {
                    Err(RecvTimeoutError::Timeout)
                        if !interrupted.load(Ordering::Relaxed) && late.is_none_or(|late| Instant::now() < late) => {}
                    ended => return ended,
                }
            }
        });
        match ended {
            Some(Ok(ended)) => return Ok(ended),
            Some(Err(RecvTimeoutError::Disconnected)) => {
                return Err(error::of(ruby, "Error", "the program's thread ended without a word"));
            }
            Some(Err(RecvTimeoutError::Timeout)) if late.is_some_and(|late| Instant::now() >= late) => {
                stop.store(true, Ordering::Relaxed);
                return Err(error::timed_out(ruby, time_limit.unwrap_or_default()));
            }
            Some(Err(RecvTimeoutError::Timeout)) | None => {
                if let Err(interrupt) = gvl::check_interrupts() {
                    stop.store(true, Ordering::Relaxed);
                    // Ruby's other threads don't wait for it.
                    gvl::without(&AtomicBool::new(false), || _ = receiver.recv_timeout(GRACE));
                    return Err(interrupt);
                }
            }
        }
    }
}

fn work(
    engine: wasmer::Engine,
    module: &wasmer::Module,
    given: Given,
    deadline: Option<Instant>,
    stop: &Arc<AtomicBool>,
) -> Ended {
    let sink = || Sink {
        written: Arc::default(),
        limit: given.output_limit,
        too_much: Arc::default(),
        stop: Arc::clone(stop),
    };
    let (stdout, stderr) = (sink(), sink());
    let program = wasi_host::Program {
        name: given.name,
        arguments: given.arguments,
        stdin: Box::new(Cursor::new(given.stdin)),
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
    Ended {
        result,
        too_much_output: stdout.is_full() || stderr.is_full(),
        stdout: stdout.take(),
        stderr: stderr.take(),
        timed_out,
    }
}

/// A standard stream's other end.
#[derive(Clone)]
struct Sink {
    written: Arc<Mutex<Vec<u8>>>,
    limit: usize,
    too_much: Arc<AtomicBool>,
    /// Set to end the program.
    stop: Arc<AtomicBool>,
}

impl Sink {
    fn is_full(&self) -> bool {
        self.too_much.load(Ordering::Relaxed)
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len().saturating_add(bytes.len()) > self.limit {
            self.too_much.store(true, Ordering::Relaxed);
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

fn explain(ruby: &Ruby, failure: &Failure, stderr: &[u8]) -> Error {
    match failure {
        Failure::Host(cause) => error::of(ruby, "Error", format!("the program's host can't be started: {cause}")),
        Failure::Panic => error::of(
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
        Failure::Program(cause) => error::of(ruby, "Error", error::one_line(&cause.to_string())),
    }
}
