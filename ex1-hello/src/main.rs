//! Prints `Hello World from WebAssembly!`. The line comes from `hello.wat`, a WebAssembly module written by hand.
//!
//! ```sh
//! cargo run -p ex1-hello
//! ```
//!
//! This file is the lesson: a *host*, which is a program that runs WebAssembly. What it runs is its *guest*. It takes
//! four steps, from [`main`] down:
//!
//! 1. **Text to binary.** `hello.wat` is the text form of WebAssembly. The crate `wat` assembles it.
//! 2. **Binary to module.** Wasmer checks the binary and compiles it to machine code: a *module*.
//! 3. **Imports.** The module lists what it needs from outside. The host creates it: a memory and a function.
//! 4. **Call.** Module and imports together make an *instance*. The host calls a function that the instance exports.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use wasmer::{
    Function, FunctionEnv, FunctionEnvMut, Instance, Memory, MemoryType, Module, Store, TypedFunction, WasmPtr, imports,
};

/// The guest. It is part of this program, so the program needs no other file.
const HELLO_WAT: &str = include_str!("../hello.wat");

fn main() -> ExitCode {
    // With arguments this program does more: it runs modules of the reader, for example. That is the second step, and
    // not a part of this lesson.
    if env::args_os().len() > 1 {
        return ex1_hello::cli::main();
    }
    ex1_hello::cli::exit_code(hello_world())
}

// region: lesson
fn hello_world() -> anyhow::Result<()> {
    // First, the text becomes a binary.
    let binary = wat::parse_str(HELLO_WAT)?;

    // Then the binary becomes a module. The store holds everything that belongs to guests: compiled code, memories,
    // instances. Most of Wasmer's functions take it.
    let mut store = Store::default();
    let module = Module::new(&store, binary)?;

    // Next come the imports. This memory has one page, which is 64 KiB, and may not grow. Host and guest both read it.
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(1), false))?;

    // A function of the host does not see the guest's memory by itself. The `FunctionEnv` carries it to each call.
    let environment = FunctionEnv::new(&mut store, memory.clone());
    let log = Function::new_typed_with_env(&mut store, &environment, console_log);

    // The names are those that `hello.wat` imports. Names and types have to match.
    let imports = imports! {
        "console" => { "log" => log },
        "js" => { "mem" => memory },
    };

    // Finally, the instance. Its function `helloWorld` takes nothing and returns nothing: `()` and `()`.
    let instance = Instance::new(&mut store, &module, &imports)?;
    let hello_world: TypedFunction<(), ()> = instance.exports.get_typed_function(&store, "helloWorld")?;
    hello_world.call(&mut store)?;
    Ok(())
}
// endregion: lesson

// region: console
/// The `console.log` that the guest imports. It prints the text at `offset` in the memory, `length` bytes long.
///
/// WebAssembly functions pass numbers only, so a text is passed as these two. The guest may have chosen any numbers: a
/// host must not believe them. `read_utf8_string` returns an error where the text does not lie inside of the memory, or
/// is not UTF-8. An error ends the guest's call, and becomes the error of `hello_world.call`.
fn console_log(mut environment: FunctionEnvMut<'_, Memory>, offset: u32, length: u32) -> io::Result<()> {
    let (memory, store) = environment.data_and_store_mut();
    let text = WasmPtr::<u8>::new(offset).read_utf8_string(&memory.view(&store), length);
    writeln!(io::stdout(), "{}", text.map_err(io::Error::other)?)
}
// endregion: console
