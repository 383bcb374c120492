//! The process with Ruby.

use std::env;
use std::io::{self, BufRead, Write};
use std::process;
use std::time::Instant;

use magnus::value::ReprValue;
use magnus::{Error, Ruby};

use crate::ruby_vm::protocol::{ENVIRONMENT_VARIABLE, Reply, Request};

/// The tasks of a bench, by name.
pub trait Tasks {
    /// Runs a task `iterations` times. The whole call is timed.
    ///
    /// # Errors
    /// Ruby's exception.
    fn run(&mut self, ruby: &Ruby, task: &str, iterations: u64) -> Result<(), Error>;

    /// Runs a task once and returns its answer, as text.
    ///
    /// # Errors
    /// Ruby's exception.
    fn answer(&mut self, ruby: &Ruby, task: &str) -> Result<String, Error>;
}

/// In a process that [`Vm::start`](super::Vm::start) started, starts Ruby, serves requests until the pipe is closed,
/// and exits. In any other process it returns at once.
///
/// Call it as the first statement of `main`.
pub fn serve_if_asked<T: Tasks>(tasks: impl FnOnce(&Ruby) -> Result<T, Error>) {
    if env::var_os(ENVIRONMENT_VARIABLE).is_some() {
        let ended = serve(tasks);
        if let Err(error) = &ended {
            // The reader of stderr may be gone.
            _ = writeln!(io::stderr(), "error: the process with Ruby stops: {error}");
        }
        process::exit(i32::from(ended.is_err()));
    }
}

fn serve<T: Tasks>(tasks: impl FnOnce(&Ruby) -> Result<T, Error>) -> io::Result<()> {
    // SAFETY: all calls of Ruby are made by this function, and no Ruby value outlives it.
    let ruby = unsafe { magnus::embed::init() };
    // The program `ruby` takes the encoding from the locale. An embedded Ruby doesn't: its default is ASCII.
    let utf_8 = ruby.eval::<magnus::Value>("Encoding.default_external = Encoding::UTF_8");
    if let Err(error) = utf_8 {
        return reply(&failure(&ruby, &error));
    }
    let mut tasks = match tasks(&ruby) {
        Ok(tasks) => tasks,
        Err(error) => return reply(&failure(&ruby, &error)),
    };
    reply(&Reply::Ready)?;
    for line in io::stdin().lock().lines() {
        reply(&match serde_json::from_str(&line?)? {
            Request::Answer { task } => tasks
                .answer(&ruby, &task)
                .map_or_else(|error| failure(&ruby, &error), Reply::Answer),
            Request::Measure { task, iterations } => {
                let started = Instant::now();
                let ran = tasks.run(&ruby, &task, iterations);
                let took = started.elapsed();
                ran.map_or_else(|error| failure(&ruby, &error), |()| Reply::Took(took))
            }
        })?;
    }
    Ok(())
}

fn reply(reply: &Reply) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(reply)?)?;
    stdout.flush()
}

/// The reply for an exception: a library that is not installed is no failure of the task.
fn failure(ruby: &Ruby, error: &Error) -> Reply {
    if error.is_kind_of(ruby.exception_load_error()) {
        return Reply::Missing(error.to_string());
    }
    let exception = error.value();
    let class = exception
        .and_then(|exception| exception.funcall::<_, _, magnus::Value>("class", ()).ok())
        .map(|class| format!("{class}: "));
    let backtrace = exception
        .and_then(|exception| exception.funcall::<_, _, Option<Vec<String>>>("backtrace", ()).ok()?)
        .unwrap_or_default();
    let message = format!("{}{error}", class.unwrap_or_default());
    Reply::Raised([vec![message], backtrace].concat().join("\n    "))
}
