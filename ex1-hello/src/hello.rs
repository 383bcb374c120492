//! The host: runs a module with a `helloWorld` under Wasmer.
//!
//! The steps of a start are functions of their own, because `benches/hello.rs` measures each:
//! text → [`Source::assemble`](crate::source::Source::assemble) → [`load`] → [`Hello::instantiate`] → [`Hello::call`].

use std::io::{self, Write};

use compiled_code::Store as CompiledCode;
use guest_limits::Limits;
use wasmer::{
    AsStoreRef, CompileError, Engine, Extern, ExternType, Function, FunctionEnv, FunctionEnvMut, Imports, Instance,
    InstantiationError, Memory, MemoryError, MemoryType, Module, Pages, RuntimeError, Store, TypedFunction,
};

use crate::source;

/// The function that a module exports.
const HELLO_WORLD: &str = "helloWorld";

/// What a module may hold in its memory and tables. A hello needs one page; 16 MiB leave room to play, and can't harm
/// the machine.
pub const LIMITS: Limits = Limits {
    memory: Pages(256),
    table: 10_000,
};

/// How many bytes a module may print in one call, so that one that prints for ever fills neither a disk nor a terminal's
/// history.
pub const OUTPUT_LIMIT: u64 = 1 << 20;

/// How many bytes are collected before they are written. What is less is written when the guest returns: a system call
/// made from within it costs more, because the way back through guest and host is no longer what the processor expects.
const WRITE_AT: usize = 8 << 10;

/// Why a module didn't say its line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read or assembled.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// It is not a valid module.
    #[error("the module is not valid: {}", source::one_line(&.0.to_string()))]
    Compile(#[from] CompileError),
    /// It asks for something that this host doesn't have.
    #[error(
        "the module imports {kind} \"{module}\" \"{name}\", and this host offers only the function \"console\" \"log\" (two i32) and the memory \"js\" \"mem\": take it out of the imports"
    )]
    UnknownImport {
        /// What kind of thing it asks for.
        kind: &'static str,
        /// The import's first name.
        module: String,
        /// The import's second name.
        name: String,
    },
    /// It doesn't import what it needs for saying anything.
    #[error(
        "the module doesn't import {0}, and has no other way to say its line: add it to the imports, as in ex1-hello/hello.wat"
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
    /// Its memories or tables are larger than [`LIMITS`].
    #[error("the module asks for too much: {0}")]
    TooLarge(String),
    /// It passed a text that doesn't lie in its memory.
    #[error(
        "the module passed {length} bytes at offset {offset} to console.log, and its memory has {memory}: the text has to lie inside"
    )]
    OutOfBounds {
        /// Where the text was to begin.
        offset: u32,
        /// How long it was to be, in bytes.
        length: u32,
        /// The memory's size, in bytes.
        memory: u64,
    },
    /// It passed bytes that are no text.
    #[error(
        "the module passed {length} bytes at offset {offset} to console.log that are not UTF-8: only text can be printed"
    )]
    NotUtf8 {
        /// Where the text begins.
        offset: u32,
        /// How long it is, in bytes.
        length: u32,
    },
    /// It printed more than [`OUTPUT_LIMIT`].
    #[error(
        "the module printed more than {OUTPUT_LIMIT} bytes, which is the most it may: does it call console.log for ever?"
    )]
    TooMuchOutput,
    /// It did something that WebAssembly doesn't allow.
    #[error("the module was stopped: {0}")]
    Trap(String),
    /// The line can't be written.
    #[error("the line can't be written: {0}")]
    Output(#[from] io::Error),
}

impl From<RuntimeError> for Error {
    fn from(error: RuntimeError) -> Self {
        // What `log` returned travels through the guest and comes back here.
        error
            .downcast()
            .unwrap_or_else(|trap| Self::Trap(source::one_line(&trap.message())))
    }
}

/// The default engine, with [`LIMITS`].
pub fn engine() -> Engine {
    guest_limits::engine(LIMITS)
}

/// Loads the compiled code that is kept for a binary module, or compiles it and keeps the result.
pub fn load(kept: &CompiledCode, engine: &Engine, binary: &[u8]) -> Result<Module, Error> {
    Ok(compiled_code::wasmer::module(kept, engine, binary)?)
}

/// A module that is ready to say its line, as often as it is asked.
pub struct Hello {
    store: Store,
    console: FunctionEnv<Console>,
    hello_world: TypedFunction<(), ()>,
}

// region: console
/// What `console.log` needs to do its work.
struct Console {
    memory: Memory,
    output: Box<dyn Write + Send>,
    /// What was said and not written yet; kept, so that only the first call allocates.
    said: Vec<u8>,
    /// How many bytes may still be said in this call.
    left: u64,
}

/// `console.log`: prints the text that lies in the memory at `offset`.
///
/// Wasmer hands the numbers over as the guest gave them, so nothing about them is certain.
fn log(mut console: FunctionEnvMut<'_, Console>, offset: u32, length: u32) -> Result<(), Error> {
    let (console, store) = console.data_and_store_mut();
    let memory = console.memory.view(&store);
    // SAFETY: the guest waits for this function's return, and nothing here lets it, or anybody else, write meanwhile.
    let memory = unsafe { memory.data_unchecked() };
    // In the 64 bits of a usize, where the sum of two u32 can't overflow.
    let text = memory
        .get(offset as usize..offset as usize + length as usize)
        .ok_or(Error::OutOfBounds {
            offset,
            length,
            memory: memory.len() as u64,
        })?;
    let text = str::from_utf8(text).map_err(|_| Error::NotUtf8 { offset, length })?;
    console.left = console
        .left
        .checked_sub(u64::from(length) + 1)
        .ok_or(Error::TooMuchOutput)?;
    console.said.extend_from_slice(text.as_bytes());
    console.said.push(b'\n');
    if console.said.len() >= WRITE_AT {
        console.write()?;
    }
    Ok(())
}

impl Console {
    /// Writes what was said.
    fn write(&mut self) -> io::Result<()> {
        let written = self.output.write_all(&self.said);
        self.said.clear();
        written
    }
}
// endregion: console

impl Hello {
    /// Links a module's imports and makes an instance of it. What it says goes to `output`.
    pub fn instantiate(engine: &Engine, module: &Module, output: Box<dyn Write + Send>) -> Result<Self, Error> {
        let mut store = Store::new(engine.clone());

        // region: link
        let memory = Memory::new(&mut store, memory_type(module)?).map_err(|error| too_large(&error))?;
        let console = Console {
            memory: memory.clone(),
            output,
            said: Vec::new(),
            left: OUTPUT_LIMIT,
        };
        let console = FunctionEnv::new(&mut store, console);
        let mut imports = Imports::new();
        imports.define("js", "mem", memory);
        imports.define(
            "console",
            "log",
            Function::new_typed_with_env(&mut store, &console, log),
        );

        let instance = Instance::new(&mut store, module, &imports)?;
        let hello_world = find_hello_world(&instance, &store)?;
        // endregion: link

        Ok(Self {
            store,
            console,
            hello_world,
        })
    }

    /// Calls `helloWorld`.
    pub fn call(&mut self) -> Result<(), Error> {
        self.console.as_mut(&mut self.store).left = OUTPUT_LIMIT;
        let ended = self.hello_world.call(&mut self.store);
        // Also what a guest said before it was stopped.
        self.console.as_mut(&mut self.store).write()?;
        Ok(ended?)
    }
}

/// The type of the memory that the module imports, once its imports are all known to be what this host offers.
fn memory_type(module: &Module) -> Result<MemoryType, Error> {
    let mut memory = None;
    let mut has_log = false;
    for import in module.imports() {
        match (import.module(), import.name(), import.ty()) {
            ("js", "mem", ExternType::Memory(asked)) => memory = Some(*asked),
            ("console", "log", ExternType::Function(asked))
                if *asked.params() == [wasmer::Type::I32; 2] && asked.results().is_empty() =>
            {
                has_log = true;
            }
            (module, name, asked) => {
                return Err(Error::UnknownImport {
                    kind: kind(asked),
                    module: source::one_line(module),
                    name: source::one_line(name),
                });
            }
        }
    }
    if !has_log {
        return Err(Error::LacksImport("the function \"console\" \"log\""));
    }
    memory.ok_or(Error::LacksImport("the memory \"js\" \"mem\""))
}

fn find_hello_world(instance: &Instance, store: &impl AsStoreRef) -> Result<TypedFunction<(), ()>, Error> {
    match instance.exports.get_extern(HELLO_WORLD) {
        None => Err(Error::NoHelloWorld),
        Some(Extern::Function(function)) => function
            .typed(store)
            .map_err(|_| Error::NotCallable(format!("a function {}", function.ty(store)))),
        Some(other) => Err(Error::NotCallable(kind(&other.ty(store)).to_owned())),
    }
}

fn kind(of: &ExternType) -> &'static str {
    match of {
        ExternType::Function(_) => "a function",
        ExternType::Global(_) => "a global",
        ExternType::Table(_) => "a table",
        ExternType::Memory(_) => "a memory",
        ExternType::Tag(_) => "a tag",
    }
}

fn too_large(error: &MemoryError) -> Error {
    Error::TooLarge(error.to_string())
}

impl From<InstantiationError> for Error {
    fn from(error: InstantiationError) -> Self {
        match error {
            // The start function ran, and stopped as any other function would.
            InstantiationError::Start(error) => error.into(),
            InstantiationError::Link(error) => Self::TooLarge(error.to_string()),
            other => Self::Trap(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::source::Source;

    /// A sink that can still be read after a module was given it.
    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn run(source: &Source) -> Result<String, Error> {
        let directory = tempfile::tempdir().unwrap();
        let kept = CompiledCode::at(directory.path());
        let engine = engine();
        let module = load(&kept, &engine, &source.assemble()?)?;
        let printed = Printed::default();
        Hello::instantiate(&engine, &module, Box::new(printed.clone()))?.call()?;
        Ok(String::from_utf8(printed.0.lock().unwrap().clone()).unwrap())
    }

    /// Runs a module that has the two imports and `rest`.
    fn run_with(rest: &str) -> Result<String, Error> {
        let text = format!(
            "(module (import \"console\" \"log\" (func $log (param i32 i32))) (import \"js\" \"mem\" (memory 1)) {rest})"
        );
        run(&Source {
            name: "own.wat".to_owned(),
            bytes: text.into_bytes().into(),
        })
    }

    /// Runs a module that prints `length` bytes at `offset` of a memory of 65,536 bytes.
    fn log_at(offset: u32, length: u32) -> Result<String, Error> {
        run_with(&format!(
            "(data (i32.const 65531) \"h\\c3\\a9ll\")
             (func (export \"helloWorld\") (call $log (i32.const {offset}) (i32.const {length})))"
        ))
    }

    #[test]
    fn hello_wat_says_its_line() {
        assert_eq!(run(&Source::hello()).unwrap(), "Hello World from WebAssembly!\n");
    }

    #[test]
    fn a_text_may_reach_up_to_the_memorys_end_and_no_further() {
        assert_eq!(log_at(65531, 5).unwrap(), "héll\n");
        assert_eq!(log_at(65536, 0).unwrap(), "\n");
        for (offset, length) in [
            (65531, 6),
            (65536, 1),
            (65537, 0),
            (0, 65537),
            (u32::MAX, u32::MAX),
            (1, u32::MAX),
        ] {
            let error = log_at(offset, length).unwrap_err();
            assert!(
                matches!(error, Error::OutOfBounds { memory: 65536, .. }),
                "{offset} {length}: {error}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_not_printed() {
        assert!(matches!(
            log_at(65533, 3).unwrap_err(),
            Error::NotUtf8 {
                offset: 65533,
                length: 3
            }
        ));
    }

    #[test]
    fn a_start_function_may_print() {
        let text = "(data (i32.const 0) \"early\") (func $early (call $log (i32.const 0) (i32.const 5))) (start $early)
                    (func (export \"helloWorld\"))";
        assert_eq!(run_with(text).unwrap(), "early\n");
    }

    #[test]
    fn what_a_start_function_does_wrong_is_named() {
        let text = "(func $bad (call $log (i32.const -1) (i32.const 5))) (start $bad) (func (export \"helloWorld\"))";
        assert!(matches!(
            run_with(text).unwrap_err(),
            Error::OutOfBounds {
                offset: u32::MAX,
                length: 5,
                ..
            }
        ));
    }

    #[test]
    fn a_guest_that_grows_its_memory_prints_from_all_of_it() {
        let text = "(func (export \"helloWorld\")
                      (drop (memory.grow (i32.const 1)))
                      (i32.store8 (i32.const 131071) (i32.const 33))
                      (call $log (i32.const 131071) (i32.const 1)))";
        assert_eq!(run_with(text).unwrap(), "!\n");
    }

    #[test]
    fn a_guest_that_prints_for_ever_is_stopped() {
        let text = "(func (export \"helloWorld\") (loop (call $log (i32.const 0) (i32.const 1000)) (br 0)))";
        assert!(matches!(run_with(text).unwrap_err(), Error::TooMuchOutput));
    }

    #[test]
    fn the_limit_is_one_calls_and_not_that_of_all() {
        let module =
            "(module (import \"console\" \"log\" (func $log (param i32 i32))) (import \"js\" \"mem\" (memory 1))
            (func (export \"helloWorld\") (call $log (i32.const 0) (i32.const 65536))))";
        let engine = engine();
        let module = Module::new(&engine, wat::parse_str(module).unwrap()).unwrap();
        let mut hello = Hello::instantiate(&engine, &module, Box::new(io::sink())).unwrap();
        for _ in 0..=OUTPUT_LIMIT / 65536 {
            hello.call().unwrap();
        }
    }

    #[test]
    fn a_trap_is_an_error() {
        let trap = |body: &str| {
            run_with(&format!("(func $f (export \"helloWorld\") {body})"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(trap("unreachable"), "the module was stopped: unreachable");
        assert_eq!(
            trap("(drop (i32.load (i32.const 65536)))"),
            "the module was stopped: out of bounds memory access"
        );
        assert_eq!(trap("(call $f)"), "the module was stopped: call stack exhausted");
    }

    #[test]
    fn a_missing_or_unfit_hello_world_is_named() {
        assert!(matches!(run_with("").unwrap_err(), Error::NoHelloWorld));
        assert!(matches!(
            run_with("(func (export \"helloworld\"))").unwrap_err(),
            Error::NoHelloWorld
        ));
        for (unfit, is) in [
            ("(func (export \"helloWorld\") (param i32))", "a function"),
            (
                "(func (export \"helloWorld\") (result i32) (i32.const 1))",
                "a function",
            ),
            ("(memory (export \"helloWorld\") 1)", "a memory"),
            ("(global (export \"helloWorld\") i32 (i32.const 1))", "a global"),
        ] {
            let error = run_with(unfit).unwrap_err();
            assert!(
                matches!(&error, Error::NotCallable(what) if what.starts_with(is)),
                "{unfit}: {error}"
            );
        }
    }

    #[test]
    fn imports_have_to_be_the_two() {
        let error = |text: &'static str| {
            run(&Source {
                name: "own.wat".to_owned(),
                bytes: text.as_bytes().into(),
            })
            .unwrap_err()
        };
        let log = r#"(import "console" "log" (func (param i32 i32)))"#;
        assert!(matches!(error("(module)"), Error::LacksImport(_)));
        assert!(
            error(r#"(module (import "js" "mem" (memory 1)))"#)
                .to_string()
                .contains("console")
        );
        assert!(
            error(Box::leak(format!("(module {log})").into_boxed_str()))
                .to_string()
                .contains("js")
        );
        for unknown in [
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#,
            r#"(module (import "console" "log" (func (param i32))))"#,
            r#"(module (import "console" "log" (func (param i32 i32) (result i32))))"#,
            r#"(module (import "console" "log" (memory 1)))"#,
            r#"(module (import "js" "mem" (global i32)))"#,
        ] {
            assert!(matches!(error(unknown), Error::UnknownImport { .. }), "{unknown}");
        }
    }

    #[test]
    fn a_module_gets_the_memory_that_it_asks_for_up_to_the_limit() {
        let hello = |memory: &str| {
            let text = format!(
                "(module (import \"console\" \"log\" (func $log (param i32 i32))) (import \"js\" \"mem\" (memory {memory}))
                   (func (export \"helloWorld\")))"
            );
            run(&Source {
                name: "own.wat".to_owned(),
                bytes: text.into_bytes().into(),
            })
        };
        for fits in ["0", "1 1", "2 10", "256", "256 65536"] {
            assert_eq!(hello(fits).unwrap(), "", "{fits}");
        }
        for too_large in ["257", "65536", "65536 65536"] {
            assert!(
                matches!(hello(too_large).unwrap_err(), Error::TooLarge(_)),
                "{too_large}"
            );
        }
    }

    #[test]
    fn a_module_that_is_not_valid_is_an_error() {
        let bytes: &[u8] = b"\0asm\x01\0\0\0\x01\xff\xff";
        let error = run(&Source {
            name: "own.wasm".to_owned(),
            bytes: bytes.into(),
        })
        .unwrap_err();
        assert!(matches!(error, Error::Compile(_)), "{error}");
    }
}
