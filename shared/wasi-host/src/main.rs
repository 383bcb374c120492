//! Runs a WASI program under Wasmer, with this program's standard streams.
//!
//! ```sh
//! cargo run -p wasi-host -- FILE.wasm [ARGUMENTS]
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap_complete::Shell;
use sysexits::ExitCode as Exit;
use system::command_line;
use wasi_host::{Host, LIMITS, Program};
use wasm::compiled_code;
use wasm::guest_limits::{self, TimedOut};

/// The largest module that is read. A scripting language's interpreter has 30 MB.
const SIZE_LIMIT: u64 = 256 << 20;

/// How long a program may take, in seconds: enough to compile an interpreter on a slow machine.
const TIME_LIMIT: u64 = 120;

/// The longest time that can be asked for, in seconds: a day.
const LONGEST_TIME_LIMIT: u64 = 24 * 60 * 60;

/// Runs a WASI program under Wasmer, with this program's standard streams.
///
/// The program sees no file of this machine, no network and no environment variable. Its compiled code is cached, so
/// the next run only loads it.
///
/// The exit code is the program's own. 64 is a mistake on the command line, 65 a module that can't be run or a program
/// that was stopped, 66 a file that can't be read, 69 something that isn't there.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The program, a .wasm file
    #[arg(value_name = "FILE", required_unless_present = "completions")]
    file: Option<PathBuf>,

    /// What the program gets as its arguments
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,

    /// How long it may take
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_LIMIT)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=LONGEST_TIME_LIMIT))]
    time_limit: u64,

    /// Print a shell's completions for this program
    #[arg(long, value_name = "SHELL")]
    completions: Option<Shell>,
}

/// A sentence for stderr, and the exit code.
struct Failure(Exit, String);

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    if let Some(shell) = arguments.completions {
        return match command_line::print(&command_line::completions::<Arguments>(shell)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => command_line::fail(
                Exit::IoErr,
                format_args!("the completions can't be written to stdout: {error}"),
            ),
        };
    }
    let Some(file) = arguments.file else {
        return command_line::fail(Exit::Usage, "no FILE was given: see --help");
    };
    let name = file.display().to_string().escape_debug().to_string();
    let limit = Duration::from_secs(arguments.time_limit);
    let ended = guest_limits::within(limit, move || run(&file, arguments.arguments));
    match ended {
        // A process's exit code has 8 bits, and a program's own 32.
        Ok(Ok(code)) => u8::try_from(code).map_or(ExitCode::from(u8::MAX), ExitCode::from),
        Ok(Err(Failure(exit, message))) => command_line::fail(exit, format_args!("{name}: {message}")),
        Err(TimedOut { limit }) => command_line::fail(
            Exit::DataErr,
            format_args!(
                "{name}: the program was not done within {} s: --time-limit gives it longer",
                limit.as_secs()
            ),
        ),
    }
}

fn run(file: &Path, arguments: Vec<String>) -> Result<i32, Failure> {
    let wasm = read(file)?;
    let host =
        Host::new(LIMITS).map_err(|error| Failure(Exit::OsErr, format!("its host can't be started: {error}")))?;
    let cache = compiled_code::Store::default_location();
    let module = compiled_code::wasmer::module(&cache, host.engine(), &wasm)
        .map_err(|error| Failure(Exit::DataErr, format!("it is not a valid module: {error}")))?;
    let program = Program {
        name: file.file_name().unwrap_or_default().display().to_string(),
        arguments,
        stdin: Box::new(io::stdin()),
        stdout: Box::new(io::stdout()),
        stderr: Box::new(io::stderr()),
    };
    host.run(&module, program)
        .map_err(|error| Failure(Exit::DataErr, error.to_string()))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut wasm = Vec::new();
    File::open(file)
        // One byte more than allowed tells a file that just fits from one that goes on.
        .and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut wasm))
        .map_err(|error| Failure(Exit::NoInput, format!("it can't be read: {error}")))?;
    match wasm.len() as u64 {
        0 => Err(Failure(Exit::DataErr, "it is empty: name a .wasm file".to_owned())),
        1..=SIZE_LIMIT => Ok(wasm),
        _ => Err(Failure(
            Exit::DataErr,
            format!(
                "it has more than {} MiB, which is the most that is read",
                SIZE_LIMIT >> 20
            ),
        )),
    }
}
