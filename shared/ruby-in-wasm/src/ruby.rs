//! A Ruby that has been started.

use std::fmt;

use wasi_host::Process;

use crate::abi::{Abi, Left, Method, Stopped, Value};

/// What Ruby is started with: nothing that a script would have to wait for, and UTF-8. A program has to be given, and
/// this one does nothing.
const ARGUMENTS: [&str; 4] = [
    "ruby",
    "--disable=gems,error_highlight,did_you_mean,syntax_suggest",
    "-EUTF-8",
    "-e_=0",
];

/// Gives the text of any value. `String` sees to it that a string comes out, where a `to_s` may return anything.
const TEXT: &str = "->(value) { String(value) }";

/// Gives an exception's class, message, and what Ruby would print about it without a terminal's colours. Each may be
/// the program's own method, and raise.
const DESCRIPTION: [&str; 3] = [
    "->(exception) { exception.class.to_s }",
    "->(exception) { exception.message.to_s }",
    "->(exception) { exception.full_message(highlight: false, order: :top).to_s }",
];

/// Gives the status of a SystemExit, and nothing for other exceptions.
const EXIT_STATUS: &str = "->(exception) { SystemExit === exception ? exception.status.to_s : '' }";

/// Why code has no value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The module can't be linked with what this host offers.
    #[error(transparent)]
    Host(#[from] wasi_host::Error),
    /// The module is another.
    #[error("the module exports no \"{0}\" as Ruby's does: is it the package's ruby.wasm or ruby+stdlib.wasm?")]
    NotRuby(String),
    /// The code has a zero byte, where Ruby would take it to end.
    #[error("the code has a zero byte at offset {0}, which Ruby takes for its end")]
    ZeroByte(usize),
    /// An exception came out of the code.
    #[error(transparent)]
    Raised(#[from] Exception),
    /// The code called `exit`, with this status. Only the code has ended: Ruby can be given more.
    #[error("the code called exit with status {0}")]
    Exit(i32),
    /// The code jumped to where there is nothing, by a `break` say.
    #[error("the code was left by a jump that leads nowhere (Ruby's tag {0})")]
    Jump(i32),
    /// Ruby itself was stopped, by a trap or because it asked for what is not there. Nothing more can be asked of it.
    #[error("Ruby was stopped: {0}")]
    Stopped(String),
    /// It was stopped before.
    #[error("Ruby was stopped before, and can't be asked for anything: start another")]
    Over,
}

/// An exception of Ruby's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The name of its class.
    pub class: String,
    /// Its message.
    pub message: String,
    /// All that Ruby itself would print about it: with the place, and its cause.
    pub full_message: String,
}

impl std::error::Error for Exception {}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.class, self.message)
    }
}

/// A Ruby that has been started. It remembers what it was told: constants, methods, global variables.
pub struct Ruby<'host> {
    guest: Guest<'host>,
    call: Method,
    text: Value,
    is_over: bool,
}

/// Something in Ruby that can be called, see [`Ruby::function`].
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
        let (call, text) = started().map_err(|left| match left {
            Left::Stopped(stopped) => error(stopped),
            Left::Raised(_) | Left::Jump(_) => Error::Stopped("it can't evaluate a function".to_owned()),
        })?;
        Ok(Self {
            guest,
            call,
            text,
            is_over: false,
        })
    }

    /// Evaluates code, and returns its value's `to_s`. Bytes that are no UTF-8 are replaced.
    ///
    /// There is no limit on the time it takes, see [`wasm::guest_limits::within`].
    pub fn eval(&mut self, code: &str) -> Result<String, Error> {
        check(code)?;
        self.guarded(|ruby| {
            let value = ruby.guest.evaluate(code)?;
            let text = ruby.apply(ruby.text, value);
            ruby.guest.release(value)?;
            text
        })
    }

    /// Evaluates code that gives a function: a `lambda`, say. Calling it later costs no parsing.
    ///
    /// It is kept for as long as this Ruby.
    pub fn function(&mut self, code: &str) -> Result<Function, Error> {
        check(code)?;
        self.guarded(|ruby| ruby.guest.evaluate(code)).map(Function)
    }

    /// Calls a function of this Ruby's without arguments. What it returns is left in Ruby.
    pub fn call(&mut self, function: Function) -> Result<(), Error> {
        self.guarded(|ruby| {
            let value = ruby.guest.call(function.0, ruby.call, &[])?;
            Ok(ruby.guest.release(value)?)
        })
    }

    /// Hands on what Ruby has in its buffer for stdout. It has one, as it would have for a pipe, unless the code says
    /// `$stdout.sync = true`.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.eval("$stdout.flush").map(drop)
    }

    /// Does something with the guest, and remembers if that was the last thing.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Left>) -> Result<T, Error> {
        if self.is_over {
            return Err(Error::Over);
        }
        work(self).map_err(|left| {
            let described = match left {
                Left::Raised(exception) => self.describe(exception),
                Left::Jump(tag) => Ok(Error::Jump(tag)),
                Left::Stopped(stopped) => Err(stopped),
            };
            described.unwrap_or_else(|stopped| {
                self.is_over = true;
                error(stopped)
            })
        })
    }

    fn describe(&mut self, exception: Value) -> Result<Error, Stopped> {
        let status = self.ask(EXIT_STATUS, exception)?;
        let [class, message, full_message] = DESCRIPTION.map(|function| self.ask(function, exception));
        let described = Exception {
            class: class?,
            message: message?,
            full_message: full_message?,
        };
        self.guest.release(exception)?;
        Ok(status.parse().map_or(Error::Raised(described), Error::Exit))
    }

    /// What a function says about an exception; nothing where it raises itself.
    fn ask(&mut self, function: &str, exception: Value) -> Result<String, Stopped> {
        let answer = self.guest.evaluate(function).and_then(|function| {
            let answer = self.apply(function, exception);
            self.guest.release(function)?;
            answer
        });
        match answer {
            Ok(text) => Ok(text),
            Err(Left::Stopped(stopped)) => Err(stopped),
            Err(Left::Jump(_)) => Ok(String::new()),
            Err(Left::Raised(another)) => self.guest.release(another).map(|()| String::new()),
        }
    }

    /// The text that a function of one parameter gives.
    fn apply(&mut self, function: Value, argument: Value) -> Result<String, Left> {
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
    fn evaluate(&mut self, code: &str) -> Result<Value, Left> {
        self.abi.evaluate(&mut self.process, code)
    }

    fn call(&mut self, receiver: Value, method: Method, arguments: &[Value]) -> Result<Value, Left> {
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

/// `exit!` ends Ruby without a word, the way a trap does.
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
