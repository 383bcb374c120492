//! The faults of an untrusted module, each with a message of one sentence: the fault and the next step.

use std::io;

use wasmer::{CompileError, ExternType, InstantiationError, RuntimeError};

use super::interface::{HELLO_WORLD, OUTPUT_LIMIT};
use crate::source;

/// A module did not print its line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The module can't be read or assembled.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The binary is not a valid module.
    #[error("the module is not valid: {}", source::one_line(&.0.to_string()))]
    Compile(#[from] CompileError),
    /// The module has an import that this host lacks.
    #[error(
        "the module imports {kind} \"{module}\" \"{name}\", but this host offers only the function \"console\" \"log\" (two i32) and the memory \"js\" \"mem\": remove it from the imports"
    )]
    UnknownImport {
        /// The import's kind, with an article.
        kind: &'static str,
        /// The import's first name.
        module: String,
        /// The import's second name.
        name: String,
    },
    /// The module lacks an import that it needs for printing.
    #[error(
        "the module doesn't import {0}, and can't print its line without it: add it to the imports, as in ex1-hello/hello.wat"
    )]
    LacksImport(&'static str),
    /// The module does not export `helloWorld`.
    #[error(
        "the module doesn't export a function \"{HELLO_WORLD}\": add (export \"{HELLO_WORLD}\") to the function to call"
    )]
    NoHelloWorld,
    /// The module's `helloWorld` is not a function that can be called without arguments.
    #[error("the module's \"{HELLO_WORLD}\" is {0}, but must be a function without parameters and results")]
    NotCallable(String),
    /// The module's memories or tables are larger than [`LIMITS`](super::LIMITS).
    #[error("the module exceeds the limits: {0}")]
    TooLarge(String),
    /// The module passed a text that is not within its memory.
    #[error(
        "the module passed {length} bytes at offset {offset} to console.log, but its memory has {memory}: the text must be within the memory"
    )]
    OutOfBounds {
        /// The text's offset.
        offset: u32,
        /// The text's length in bytes.
        length: u32,
        /// The memory's size, in bytes.
        memory: u64,
    },
    /// The module passed bytes that are not UTF-8.
    #[error(
        "the module passed {length} bytes at offset {offset} to console.log that are not UTF-8: only text can be printed"
    )]
    NotUtf8 {
        /// The text's offset.
        offset: u32,
        /// The text's length in bytes.
        length: u32,
    },
    /// The module printed more than [`OUTPUT_LIMIT`].
    #[error("the module printed more than the limit of {OUTPUT_LIMIT} bytes: does it call console.log without end?")]
    TooMuchOutput,
    /// The module trapped: WebAssembly does not allow what it did.
    #[error("the module was stopped: {0}")]
    Trap(String),
    /// The line can't be written.
    #[error("the line can't be written: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// The error for an import. Its names are untrusted, and are escaped and cut.
    pub(super) fn unknown_import(module: &str, name: &str, imported: &ExternType) -> Self {
        Self::UnknownImport {
            kind: kind(imported),
            module: source::one_line(module),
            name: source::one_line(name),
        }
    }
}

impl From<RuntimeError> for Error {
    fn from(error: RuntimeError) -> Self {
        // The error that `log` returned: it comes back through the guest's call.
        error
            .downcast()
            .unwrap_or_else(|trap| Self::Trap(source::one_line(&trap.message())))
    }
}

impl From<InstantiationError> for Error {
    fn from(error: InstantiationError) -> Self {
        match error {
            // The module's start function failed, which has the same causes as a failed call.
            InstantiationError::Start(error) => error.into(),
            InstantiationError::Link(error) => Self::TooLarge(error.to_string()),
            other => Self::Trap(other.to_string()),
        }
    }
}

/// The name of a kind of import or export, with its article.
pub(super) fn kind(of: &ExternType) -> &'static str {
    match of {
        ExternType::Function(_) => "a function",
        ExternType::Global(_) => "a global",
        ExternType::Table(_) => "a table",
        ExternType::Memory(_) => "a memory",
        ExternType::Tag(_) => "a tag",
    }
}
