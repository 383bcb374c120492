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

/// The largest module that is read. An interpreter of a scripting language has 30 MB.
const SIZE_LIMIT: u64 = 256 << 20;

/// The default time limit in seconds: enough to compile an interpreter on a slow machine.
const TIME_LIMIT: u64 = 120;

/// The largest value of --time-limit in seconds: a day.
const MAX_TIME_LIMIT: u64 = 24 * 60 * 60;

/// Runs a WASI program under Wasmer, with this program's standard streams.
///
/// The program has no access to files, the network or environment variables. Its compiled code is cached, so that the
/// next run only loads it.
///
/// The exit code is the program's own, or 64 for a wrong command line, 65 for a module that can't be run or a program
/// that was stopped, 66 for a file that can't be read, 71 if the host can't be started.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The program, a .wasm file
    #[arg(value_name = "FILE", required_unless_present = "completions")]
    file: Option<PathBuf>,

    /// The program's arguments
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,

    /// The program's time limit
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_LIMIT)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=MAX_TIME_LIMIT))]
    time_limit: u64,

    /// Print the completions for a shell
    #[arg(long, value_name = "SHELL")]
    completions: Option<Shell>,
}

/// An exit code, and a message for stderr.
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
        // The exit code of a process has 8 bits, but that of a WASI program has 32.
        Ok(Ok(code)) => u8::try_from(code).map_or(ExitCode::from(u8::MAX), ExitCode::from),
        Ok(Err(Failure(exit, message))) => command_line::fail(exit, format_args!("{name}: {message}")),
        Err(TimedOut { limit }) => command_line::fail(
            Exit::DataErr,
            format_args!(
                "{name}: the program was not done within {} s: --time-limit sets a longer time",
                limit.as_secs()
            ),
        ),
    }
}

fn run(file: &Path, arguments: Vec<String>) -> Result<i32, Failure> {
    let wasm = read(file)?;
    let host =
        Host::new(LIMITS).map_err(|error| Failure(Exit::OsErr, format!("the host can't be started: {error}")))?;
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
        // One byte more than the limit, to recognise a file that is too large.
        .and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut wasm))
        .map_err(|error| Failure(Exit::NoInput, format!("it can't be read: {error}")))?;
    match wasm.len() as u64 {
        0 => Err(Failure(Exit::DataErr, "it is empty: name a .wasm file".to_owned())),
        1..=SIZE_LIMIT => Ok(wasm),
        _ => Err(Failure(
            Exit::DataErr,
            format!(
                "it has more than {} MiB, the largest size that is read",
                SIZE_LIMIT >> 20
            ),
        )),
    }
}
