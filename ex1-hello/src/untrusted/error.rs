//! Everything that can be wrong with a module of the reader, as one sentence each: the fault, and the next step.

use std::io;

use wasmer::{CompileError, ExternType, InstantiationError, RuntimeError};

use super::interface::{HELLO_WORLD, OUTPUT_LIMIT};
use crate::source;

/// Why a module did not print its line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read or assembled.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// It is not a valid module.
    #[error("the module is not valid: {}", source::one_line(&.0.to_string()))]
    Compile(#[from] CompileError),
    /// It imports something that this host does not have.
    #[error(
        "the module imports {kind} \"{module}\" \"{name}\", and this host offers only the function \"console\" \"log\" (two i32) and the memory \"js\" \"mem\": take it out of the imports"
    )]
    UnknownImport {
        /// The import's kind, with an article.
        kind: &'static str,
        /// The import's first name.
        module: String,
        /// The import's second name.
        name: String,
    },
    /// It lacks an import without which it can't print.
    #[error(
        "the module doesn't import {0}, and can't print its line without it: add it to the imports, as in ex1-hello/hello.wat"
    )]
    LacksImport(&'static str),
    /// It exports no `helloWorld`.
    #[error(
        "the module doesn't export a function \"{HELLO_WORLD}\": add (export \"{HELLO_WORLD}\") to the one that is to be called"
    )]
    NoHelloWorld,
    /// Its `helloWorld` is not a function that can be called without arguments.
    #[error("the module's \"{HELLO_WORLD}\" is {0}, and has to be a function without parameters and results")]
    NotCallable(String),
    /// Its memories or tables are larger than [`LIMITS`](super::LIMITS).
    #[error("the module asks for too much: {0}")]
    TooLarge(String),
    /// It passed a text that does not lie inside of its memory.
    #[error(
        "the module passed {length} bytes at offset {offset} to console.log, and its memory has {memory}: the text has to lie inside"
    )]
    OutOfBounds {
        /// The text's offset.
        offset: u32,
        /// The text's length in bytes.
        length: u32,
        /// The memory's size, in bytes.
        memory: u64,
    },
    /// It passed bytes that are not UTF-8.
    #[error(
        "the module passed {length} bytes at offset {offset} to console.log that are not UTF-8: only text can be printed"
    )]
    NotUtf8 {
        /// The text's offset.
        offset: u32,
        /// The text's length in bytes.
        length: u32,
    },
    /// It printed more than [`OUTPUT_LIMIT`].
    #[error(
        "the module printed more than {OUTPUT_LIMIT} bytes, which is the most it may: does it call console.log for ever?"
    )]
    TooMuchOutput,
    /// It trapped: it did something that WebAssembly does not allow.
    #[error("the module was stopped: {0}")]
    Trap(String),
    /// The line can't be written.
    #[error("the line can't be written: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// The names are the module's, and may hold anything.
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
            // The module's start function ran and failed, as any other function can.
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
