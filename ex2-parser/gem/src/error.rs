//! Creates the exceptions that `lib/wasm_host/error.rb` defines.

use std::any::Any;
use std::fmt::Write;
use std::time::Duration;

use magnus::prelude::*;
use magnus::{Error, Exception, ExceptionClass, RModule, RObject, Ruby, Value};
use wasmer::sys::vm::TrapCode;
use wasmer::{CompileError, InstantiationError, RuntimeError};

/// The most frames of a guest in a message. An endless recursion has many thousands.
const MAX_FRAMES: usize = 10;

pub(crate) fn compile(ruby: &Ruby, cause: &CompileError) -> Error {
    exception(
        ruby,
        "CompileError",
        format!("the module can't be compiled: {}", one_line(&cause.to_string())),
    )
}

pub(crate) fn link(ruby: &Ruby, message: impl Into<String>) -> Error {
    exception(ruby, "LinkError", message)
}

pub(crate) fn export(ruby: &Ruby, message: impl Into<String>) -> Error {
    exception(ruby, "ExportError", message)
}

pub(crate) fn busy(ruby: &Ruby, message: impl Into<String>) -> Error {
    exception(ruby, "BusyError", message)
}

pub(crate) fn limit(ruby: &Ruby, message: impl Into<String>) -> Error {
    exception(ruby, "LimitError", message)
}

pub(crate) fn timed_out(ruby: &Ruby, limit: Duration) -> Error {
    exception(
        ruby,
        "TimedOut",
        format!(
            "the guest was not done within {} s and was stopped: time_limit: gives it longer, and nil as long as it wants",
            limit.as_secs_f64()
        ),
    )
}

pub(crate) fn instantiation(ruby: &Ruby, cause: &InstantiationError) -> Error {
    match cause {
        // The start function trapped, as any other function can.
        InstantiationError::Start(cause) => trap(ruby, cause),
        cause => link(
            ruby,
            format!("the module can't be linked: {}", one_line(&cause.to_string())),
        ),
    }
}

/// An exception for a trap.
pub(crate) fn trap(ruby: &Ruby, cause: &RuntimeError) -> Error {
    let code = cause.clone().to_trap();
    let mut message = format!("the guest was stopped: {}", one_line(&cause.message()));
    if let Some(advice) = code.and_then(advice) {
        _ = write!(message, " ({advice})");
    }
    for frame in cause.trace().iter().take(MAX_FRAMES) {
        let function = frame
            .function_name()
            .map_or_else(|| format!("function {}", frame.func_index()), str::to_owned);
        // Without offsets: they are of the instrumented module, and not of the original one.
        _ = write!(message, "\n  in {function}");
    }
    if cause.trace().len() > MAX_FRAMES {
        _ = write!(message, "\n  and {} more", cause.trace().len() - MAX_FRAMES);
    }
    trapped(ruby, code, message)
}

/// An exception for a panic of the host: it has a bug, or no memory is left. The guest's call is incomplete.
pub(crate) fn panicked(ruby: &Ruby, payload: &(dyn Any + Send)) -> Error {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or_default();
    exception(
        ruby,
        "Error",
        format!(
            "the guest's host came to a stop, for want of memory or by a bug of its own: {}",
            one_line(text)
        ),
    )
}

/// An exception for a trap, from its message.
pub(crate) fn trapped(ruby: &Ruby, code: Option<TrapCode>, message: impl Into<String>) -> Error {
    let error = exception(ruby, "Trap", message);
    with_variable(ruby, error, "@code", code.map(|code| ruby.to_symbol(name(code))))
}

/// An exception of a class of the module `WasmHost`.
pub(crate) fn exception(ruby: &Ruby, class: &str, message: impl Into<String>) -> Error {
    exception_in(ruby, "WasmHost", class, message)
}

/// An exception of a class that the gem's Ruby code defines.
pub(crate) fn exception_in(ruby: &Ruby, module: &str, class: &str, message: impl Into<String>) -> Error {
    let found = ruby
        .class_object()
        .const_get::<_, RModule>(module)
        .and_then(|module| module.const_get::<_, ExceptionClass>(class));
    match found {
        Ok(class) => Error::new(class, message.into()),
        Err(error) => error,
    }
}

/// Sets an instance variable of an exception.
pub(crate) fn with_variable(ruby: &Ruby, error: Error, variable: &str, value: impl magnus::IntoValue) -> Error {
    let magnus::error::ErrorType::Error(class, message) = error.error_type() else {
        return error;
    };
    let built = class
        .new_instance((message.as_ref(),))
        .and_then(|exception: Exception| {
            if let Some(object) = RObject::from_value(exception.as_value()) {
                object.ivar_set(variable, value.into_value_with(ruby))?;
            }
            Ok(exception)
        });
    built.map_or_else(|error| error, Error::from)
}

/// Puts a context before the message of one of Ruby's own exceptions.
pub(crate) fn with_context(what: &str, error: Error) -> Error {
    match error.error_type() {
        magnus::error::ErrorType::Error(class, message) => Error::new(*class, format!("{what}: {message}")),
        _ => error,
    }
}

fn name(code: TrapCode) -> &'static str {
    match code {
        TrapCode::StackOverflow => "stack_overflow",
        TrapCode::HeapAccessOutOfBounds | TrapCode::HeapMisaligned | TrapCode::UnalignedAtomic => {
            "memory_out_of_bounds"
        }
        TrapCode::TableAccessOutOfBounds => "table_out_of_bounds",
        TrapCode::IndirectCallToNull => "indirect_call_to_null",
        TrapCode::BadSignature => "bad_signature",
        TrapCode::IntegerOverflow => "integer_overflow",
        TrapCode::IntegerDivisionByZero => "integer_division_by_zero",
        TrapCode::BadConversionToInteger => "bad_conversion_to_integer",
        TrapCode::UnreachableCodeReached => "unreachable",
        TrapCode::UncaughtException | TrapCode::UninitializedExnRef => "uncaught_exception",
        _ => "other",
    }
}

fn advice(code: TrapCode) -> Option<&'static str> {
    match code {
        TrapCode::StackOverflow => Some("it calls itself without end, or needs more than a guest's 1 MiB of stack"),
        TrapCode::UnreachableCodeReached => Some("a program that panics or aborts ends like this"),
        TrapCode::IndirectCallToNull | TrapCode::BadSignature => {
            Some("it calls a function of its table that isn't there, or is of another type")
        }
        _ => None,
    }
}

/// Makes a guest's text safe to print: one line, without control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// The class name of a value, for messages.
pub(crate) fn class_of(value: Value) -> String {
    // SAFETY: the name is copied before any other call into Ruby.
    unsafe { value.classname() }.into_owned()
}
