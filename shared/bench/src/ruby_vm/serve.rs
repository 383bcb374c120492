//! The process that has Ruby.

use std::env;
use std::io::{self, BufRead, Write};
use std::process;
use std::time::Instant;

use magnus::value::ReprValue;
use magnus::{Error, Ruby};

use crate::ruby_vm::protocol::{ENVIRONMENT_VARIABLE, Reply, Request};

/// What is asked of Ruby, by name.
pub trait Tasks {
    /// Runs a task as often as it is told. All of this is timed.
    ///
    /// # Errors
    /// Ruby's.
    fn run(&mut self, ruby: &Ruby, task: &str, iterations: u64) -> Result<(), Error>;

    /// Runs a task once and returns its answer, as text.
    ///
    /// # Errors
    /// Ruby's.
    fn answer(&mut self, ruby: &Ruby, task: &str) -> Result<String, Error>;
}

/// In a process that was started by [`Vm::start`](super::Vm::start), starts Ruby and does what it is asked until the
/// other side is gone. In any other, returns at once.
///
/// Call it first of all in `main`.
pub fn serve_if_asked<T: Tasks>(tasks: impl FnOnce(&Ruby) -> Result<T, Error>) {
    if env::var_os(ENVIRONMENT_VARIABLE).is_some() {
        let ended = serve(tasks);
        if let Err(error) = &ended {
            // Nobody may read it any more.
            _ = writeln!(io::stderr(), "error: the process that has Ruby can't go on: {error}");
        }
        process::exit(i32::from(ended.is_err()));
    }
}

fn serve<T: Tasks>(tasks: impl FnOnce(&Ruby) -> Result<T, Error>) -> io::Result<()> {
    // SAFETY: everything that calls Ruby is called from here, and Ruby's values end with this function.
    let ruby = unsafe { magnus::embed::init() };
    // The program `ruby` asks the environment for it; an embedded Ruby asks nobody, and takes texts for ASCII.
    let utf_8 = ruby.eval::<magnus::Value>("Encoding.default_external = Encoding::UTF_8");
    if let Err(error) = utf_8 {
        return reply(&refusal(&ruby, &error));
    }
    let mut tasks = match tasks(&ruby) {
        Ok(tasks) => tasks,
        Err(error) => return reply(&refusal(&ruby, &error)),
    };
    reply(&Reply::Ready)?;
    for line in io::stdin().lock().lines() {
        reply(&match serde_json::from_str(&line?)? {
            Request::Answer { task } => tasks
                .answer(&ruby, &task)
                .map_or_else(|error| refusal(&ruby, &error), Reply::Answer),
            Request::Measure { task, iterations } => {
                let started = Instant::now();
                let ran = tasks.run(&ruby, &task, iterations);
                let took = started.elapsed();
                ran.map_or_else(|error| refusal(&ruby, &error), |()| Reply::Took(took))
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

/// Tells what isn't installed apart from what went wrong.
fn refusal(ruby: &Ruby, error: &Error) -> Reply {
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
