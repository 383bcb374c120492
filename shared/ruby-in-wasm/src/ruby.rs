//! A running Ruby.

use std::fmt;

use wasi_host::Process;

use crate::abi::{Abi, Failure, Method, Stopped, Value};

/// The command line of Ruby: without the libraries that make the start slower, with UTF-8, and with a program that does
/// nothing, because Ruby requires one.
const ARGUMENTS: [&str; 4] = [
    "ruby",
    "--disable=gems,error_highlight,did_you_mean,syntax_suggest",
    "-EUTF-8",
    "-e_=0",
];

/// Returns the text of any value. `String` ensures that the result is a string, where a `to_s` may return any object.
const TEXT: &str = "->(value) { String(value) }";

/// Return an exception's class, its message, and Ruby's full message without colours. The program can override each
/// method, so that it can raise.
const DESCRIPTION: [&str; 3] = [
    "->(exception) { exception.class.to_s }",
    "->(exception) { exception.message.to_s }",
    "->(exception) { exception.full_message(highlight: false, order: :top).to_s }",
];

/// Returns the status of a SystemExit, and an empty text for other exceptions.
const EXIT_STATUS: &str = "->(exception) { SystemExit === exception ? exception.status.to_s : '' }";

/// Ruby can't be started, or the code has no value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The module can't be linked with this host's imports.
    #[error(transparent)]
    Host(#[from] wasi_host::Error),
    /// The module is not Ruby's: it lacks this export.
    #[error("the module exports no \"{0}\", so it is not Ruby: is it the package's ruby.wasm or ruby+stdlib.wasm?")]
    NotRuby(String),
    /// The code has a zero byte at this offset.
    #[error("the code has a zero byte at offset {0}, which Ruby takes for its end")]
    ZeroByte(usize),
    /// The code raised an exception.
    #[error(transparent)]
    Raised(#[from] Exception),
    /// The code called `exit` with this status. Ruby can still evaluate other code.
    #[error("the code called exit with status {0}")]
    Exit(i32),
    /// The code jumped out of itself, for example by `break`.
    #[error("the code ended by a jump without a target (Ruby's tag {0})")]
    Jump(i32),
    /// Ruby was stopped, by a trap or by a call of JavaScript. It can't be used any more.
    #[error("Ruby was stopped: {0}")]
    Stopped(String),
    /// Ruby was stopped by an earlier evaluation or call.
    #[error("Ruby was stopped before and can't be used any more: start another")]
    AlreadyStopped,
}

/// A Ruby exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The name of its class.
    pub class: String,
    /// Its message.
    pub message: String,
    /// Ruby's `full_message`: the message with the backtrace and the cause.
    pub full_message: String,
}

impl std::error::Error for Exception {}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.class, self.message)
    }
}

/// A running Ruby. Constants, methods and global variables persist between evaluations.
pub struct Ruby<'host> {
    guest: Guest<'host>,
    call: Method,
    text: Value,
    is_stopped: bool,
}

/// A callable Ruby object, from [`Ruby::function`].
#[derive(Clone, Copy, Debug)]
pub struct Function(Value);

impl<'host> Ruby<'host> {
    pub(crate) fn start(mut process: Process<'host>) -> Result<Self, Error> {
        let abi = process
            .work(|store, instance| Abi::new(store, instance))
            .map_err(Error::NotRuby)?;
        let mut guest = Guest { process, abi };
        let mut started = || {
            guest.abi.start(&mut guest.process, &ARGUMENTS)?;
            let call = guest.abi.intern(&mut guest.process, "call")?;
            Ok((call, guest.evaluate(TEXT)?))
        };
        let (call, text) = started().map_err(|failure| match failure {
            Failure::Stopped(stopped) => error(stopped),
            Failure::Raised(_) | Failure::Jump(_) => Error::Stopped("it can't evaluate a function".to_owned()),
        })?;
        Ok(Self {
            guest,
            call,
            text,
            is_stopped: false,
        })
    }

    /// Evaluates code, and returns its value's `to_s`. Bytes that are not UTF-8 are replaced.
    ///
    /// There is no time limit; see [`wasm::guest_limits::within`].
    pub fn eval(&mut self, code: &str) -> Result<String, Error> {
        check(code)?;
        self.guarded(|ruby| {
            let value = ruby.guest.evaluate(code)?;
            let text = ruby.apply(ruby.text, value);
            ruby.guest.release(value)?;
            text
        })
    }

    /// Evaluates code that returns a callable object, for example a `lambda`, so that calls need no parsing.
    ///
    /// The object lives as long as this Ruby.
    pub fn function(&mut self, code: &str) -> Result<Function, Error> {
        check(code)?;
        self.guarded(|ruby| ruby.guest.evaluate(code)).map(Function)
    }

    /// Calls a function of this Ruby without arguments, and drops its result.
    pub fn call(&mut self, function: Function) -> Result<(), Error> {
        self.guarded(|ruby| {
            let value = ruby.guest.call(function.0, ruby.call, &[])?;
            Ok(ruby.guest.release(value)?)
        })
    }

    /// Flushes Ruby's buffer of stdout. It has one, as for a pipe, unless the code sets `$stdout.sync = true`.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.eval("$stdout.flush").map(drop)
    }

    /// Runs `work` unless the guest was stopped before, and turns its failure into an error.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Error> {
        if self.is_stopped {
            return Err(Error::AlreadyStopped);
        }
        work(self).map_err(|failure| {
            let described = match failure {
                Failure::Raised(exception) => self.describe(exception),
                Failure::Jump(tag) => Ok(Error::Jump(tag)),
                Failure::Stopped(stopped) => Err(stopped),
            };
            described.unwrap_or_else(|stopped| {
                self.is_stopped = true;
                error(stopped)
            })
        })
    }

    fn describe(&mut self, exception: Value) -> Result<Error, Stopped> {
        let status = self.text_of(EXIT_STATUS, exception)?;
        let [class, message, full_message] = DESCRIPTION.map(|function| self.text_of(function, exception));
        let described = Exception {
            class: class?,
            message: message?,
            full_message: full_message?,
        };
        self.guest.release(exception)?;
        Ok(status.parse().map_or(Error::Raised(described), Error::Exit))
    }

    /// The text that `function` returns for an exception; empty if it raises itself.
    fn text_of(&mut self, function: &str, exception: Value) -> Result<String, Stopped> {
        let answer = self.guest.evaluate(function).and_then(|function| {
            let answer = self.apply(function, exception);
            self.guest.release(function)?;
            answer
        });
        match answer {
            Ok(text) => Ok(text),
            Err(Failure::Stopped(stopped)) => Err(stopped),
            Err(Failure::Jump(_)) => Ok(String::new()),
            Err(Failure::Raised(another)) => self.guest.release(another).map(|()| String::new()),
        }
    }

    /// The text that a function of one parameter returns.
    fn apply(&mut self, function: Value, argument: Value) -> Result<String, Failure> {
        let string = self.guest.call(function, self.call, &[argument])?;
        let bytes = self.guest.abi.text(&mut self.guest.process, string)?;
        self.guest.release(string)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The module's instance.
struct Guest<'host> {
    process: Process<'host>,
    abi: Abi,
}

impl Guest<'_> {
    fn evaluate(&mut self, code: &str) -> Result<Value, Failure> {
        self.abi.evaluate(&mut self.process, code)
    }

    fn call(&mut self, receiver: Value, method: Method, arguments: &[Value]) -> Result<Value, Failure> {
        self.abi.call(&mut self.process, receiver, method, arguments)
    }

    fn release(&mut self, value: Value) -> Result<(), Stopped> {
        self.abi.release(&mut self.process, value)
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.process.end(None);
    }
}

fn check(code: &str) -> Result<(), Error> {
    code.bytes()
        .position(|byte| byte == 0)
        .map_or(Ok(()), |offset| Err(Error::ZeroByte(offset)))
}

/// The error for a stopped module. `exit!` also stops it, without an exception.
fn error(stopped: Stopped) -> Error {
    match stopped {
        Stopped::Trap(trap) => match wasi_host::exit_code(trap) {
            Ok(code) => Error::Exit(code),
            Err(wasi_host::Error::Trap(message)) => Error::Stopped(message),
            Err(error) => Error::Host(error),
        },
        stopped => Error::Stopped(stopped.to_string()),
    }
}
