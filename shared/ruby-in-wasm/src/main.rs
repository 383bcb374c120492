//! Runs CRuby, compiled to WebAssembly, under Wasmer.
//!
//! ```sh
//! cargo run -p ruby-in-wasm -- -e 'puts "Hello World from WebAssembly!"'
//! cargo run -p ruby-in-wasm -- SCRIPT.rb [ARGUMENTS]
//! ```

mod output;

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap_complete::Shell;
use ruby_in_wasm::{Compiler, Error, Host, PackageError, RUBY, Start};
use sysexits::ExitCode as Exit;
use system::command_line;
use wasm::compiled_code;
use wasm::guest_limits::{self, TimedOut};

use crate::output::Output;

/// The largest script that is read, in bytes: it is held in memory.
const SCRIPT_LIMIT: u64 = 16 << 20;

/// The largest module that is read, in bytes: it is held in memory.
const MODULE_LIMIT: u64 = 256 << 20;

/// The default time limit of a script in seconds.
const TIME_LIMIT: u64 = 60;

/// The largest value of --time-limit in seconds: a day.
const MAX_TIME_LIMIT: u64 = 24 * 60 * 60;

/// Ruby's exit code after an exception.
const RAISED: u8 = 1;

/// The directory of the script in Ruby's file system.
const SCRIPTS: &str = "/script";

/// Runs CRuby, compiled to WebAssembly, under Wasmer.
///
/// Ruby has no access to files except its script, to the network or to environment variables. The first run fetches
/// Ruby with npm and compiles it; both are cached.
///
/// The exit code is the script's own, 1 after an exception, or 64 for a wrong command line, 65 for a module that is not
/// Ruby or a script that was stopped, 66 for a file that can't be read, 69 if something is missing (npm, a network), 71
/// if the host can't be started, 73 if the cache can't be written, 74 if stdout can't be written.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Ruby code, in place of a FILE
    #[arg(short, value_name = "CODE")]
    execute: Option<String>,

    /// The script; after -e, the first of its arguments
    #[arg(value_name = "FILE", required_unless_present_any = ["execute", "completions"])]
    file: Option<String>,

    /// The script's arguments
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,

    /// The script's time limit, without the time to compile Ruby
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_LIMIT)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=MAX_TIME_LIMIT))]
    time_limit: u64,

    /// The compiler of Ruby; in a dev build Cranelift takes many minutes
    #[arg(long, value_enum, default_value_t = Compiler::DEFAULT)]
    compiler: Compiler,

    /// Another ruby.wasm, built for the same JavaScript hosts
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    /// Print the completions for a shell
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
}

/// A script and its arguments.
struct Script {
    /// The value of `$0`.
    name: String,
    code: Vec<u8>,
    arguments: Vec<String>,
}

/// An exit code, and a message for stderr.
struct Failure(Exit, String);

impl Failure {
    fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self(exit, message.to_string())
    }
}

fn main() -> ExitCode {
    match run(command_line::arguments()) {
        Ok(code) => ExitCode::from(code),
        Err(Failure(exit, message)) => command_line::fail(exit, message),
    }
}

fn run(arguments: Arguments) -> Result<u8, Failure> {
    if let Some(shell) = arguments.completions {
        return command_line::print(&command_line::completions::<Arguments>(shell))
            .map(|()| 0)
            .map_err(|error| unwritten("the completions", &error));
    }
    let script = script(arguments.execute, arguments.file, arguments.arguments)?;
    let wasm = match &arguments.module {
        Some(path) => read(path, MODULE_LIMIT)?,
        None => RUBY.read().map_err(|error| Failure::new(exit_for(&error), error))?,
    };
    let host = Host::new(arguments.compiler)
        .map_err(|error| Failure::new(Exit::OsErr, format!("Ruby's host can't be started: {error}")))?;
    let cache = compiled_code::Store::default_location();
    let module = host.load(&cache, &wasm).map_err(|error| {
        let path = arguments.module.as_deref().unwrap_or(Path::new(RUBY.file));
        Failure::new(
            Exit::DataErr,
            format!(
                "{}: it is not a valid module: {error}",
                command_line::printable(&path.display().to_string())
            ),
        )
    })?;
    drop(wasm);
    let limit = Duration::from_secs(arguments.time_limit);
    let name = script.name.clone();
    guest_limits::within(limit, move || execute(&host, &module, &script)).unwrap_or_else(|TimedOut { limit }| {
        Err(Failure::new(
            Exit::DataErr,
            format!(
                "{name}: the script was not done within {} s: --time-limit sets a longer time",
                limit.as_secs()
            ),
        ))
    })
}

fn script(code: Option<String>, file: Option<String>, arguments: Vec<String>) -> Result<Script, Failure> {
    match (code, file) {
        (Some(code), first) => Ok(Script {
            name: "-e".to_owned(),
            code: code.into_bytes(),
            arguments: first.into_iter().chain(arguments).collect(),
        }),
        (None, Some(file)) => Ok(Script {
            name: command_line::printable(&file),
            code: read(Path::new(&file), SCRIPT_LIMIT)?,
            arguments,
        }),
        (None, None) => Err(Failure::new(Exit::Usage, "no FILE was given: see --help")),
    }
}

fn exit_for(error: &PackageError) -> Exit {
    match error {
        PackageError::File { .. } | PackageError::Cache { .. } => Exit::CantCreat,
        _ => Exit::Unavailable,
    }
}

/// Runs a script to its end, and returns its exit code.
fn execute(host: &Host, module: &wasmer::Module, script: &Script) -> Result<u8, Failure> {
    let path = format!("{SCRIPTS}/{}", file_name(&script.name));
    let output = Output::default();
    let start = Start {
        stdin: Box::new(io::stdin()),
        stdout: Box::new(output.clone()),
        files: vec![(path.clone().into(), script.code.clone())],
        ..Start::default()
    };
    let mut code = format!("$0 = {}; ARGV.replace([", literal(&script.name));
    for argument in &script.arguments {
        _ = write!(code, "{}, ", literal(argument));
    }
    // With `load`, Ruby's messages have the script's own name.
    _ = write!(code, "]); load({}); $stdout.flush", literal(&path));
    let mut ruby = host.start(module, start).map_err(|error| failure(script, error))?;
    let ended = ruby.eval(&code);
    if let Err(Error::Raised(_) | Error::Exit(_)) = ended {
        // Ruby's buffer can still have output of the script. An error of writing it is in `output`.
        _ = ruby.flush();
    }
    match (output.failure(), ended) {
        // A closed pipe (`| head`) is no failure.
        (Some(error), _) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        (Some(error), _) => Err(unwritten("the script's output", &error)),
        (None, Ok(_)) => Ok(0),
        // The exit code of a process has 8 bits. Like Ruby, this takes the lower ones.
        (None, Err(Error::Exit(code))) => Ok(code as u8),
        (None, Err(Error::Raised(exception))) => {
            command_line::note(exception.full_message.trim_end_matches('\n'));
            Ok(RAISED)
        }
        (None, Err(error)) => Err(failure(script, error)),
    }
}

fn failure(script: &Script, error: Error) -> Failure {
    Failure::new(Exit::DataErr, format!("{}: {error}", script.name))
}

fn unwritten(what: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::IoErr, format!("{what} can't be written to stdout: {error}"))
}

/// The file name of a path.
fn file_name(name: &str) -> String {
    Path::new(name)
        .file_name()
        .unwrap_or(name.as_ref())
        .display()
        .to_string()
}

/// A text as a literal of Ruby.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let refused = |exit, cause: String| {
        Failure::new(
            exit,
            format!("{}: {cause}", command_line::printable(&path.display().to_string())),
        )
    };
    File::open(path)
        // One byte more than the limit, to recognise a file that is too large.
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| refused(Exit::NoInput, format!("it can't be read: {error}")))?;
    if bytes.len() as u64 > limit {
        let cause = format!("it has more than {} MiB, the largest size that is read", limit >> 20);
        return Err(refused(Exit::DataErr, cause));
    }
    Ok(bytes)
}
