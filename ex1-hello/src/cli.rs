//! The command line of the second step, for a start with arguments.

use std::fmt;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use sysexits::ExitCode as Exit;
use system::command_line;
use wasm::compiled_code::Store as CompiledCode;
use wasm::guest_limits::{self, TimedOut};

use crate::qr::{self, Code, Look};
use crate::serve::{Server, Site};
use crate::source::{self, Source};
use crate::untrusted::{self, Hello};
use crate::{companion, ruby_guest, rust_guest};

/// The default time limit for compiling and running a module, in seconds. `hello.wat` takes a few milliseconds.
const TIME_LIMIT: u64 = 10;

/// The largest value of `--time-limit` in seconds: a day.
const MAX_TIME_LIMIT: u64 = 24 * 60 * 60;

/// The port of `serve`.
const PORT: u16 = 8000;

/// Prints "Hello World from WebAssembly!", the line of a module written by hand.
///
/// The module is hello.wat, WebAssembly in its text form. Without arguments the program assembles, compiles and calls
/// it in the shortest way, which src/main.rs shows. With a FILE or --guest it also limits the module's time, memory and
/// output, explains what is wrong with it, and caches its compiled code, so that the next run only loads that.
///
/// Exit codes: 0 if the line was printed, 64 for a wrong command line, 65 for a module that can't be run, 66 for a file
/// that can't be read, 69 if something is missing (a port, a compiler, a network), 74 if the line can't be written.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_precedence_over_arg = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    run: Run,

    /// Print the completions for a shell
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Your own module, .wat or .wasm, to run instead of hello.wat
    ///
    /// It must import the function "console" "log" and the memory "js" "mem", and export the function "helloWorld";
    /// ex1-hello/hello.wat shows how.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The program that prints the line
    #[arg(long, value_enum, default_value_t = Guest::Wat)]
    guest: Guest,

    /// The time limit for compiling and running it
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_LIMIT)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=MAX_TIME_LIMIT))]
    time_limit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Guest {
    /// hello.wat, written by hand: calls a function of its host
    Wat,
    /// The same in Rust: calls WASI, the system interface for WebAssembly
    Rust,
    /// The same in Ruby: the whole interpreter is the module, fetched by npm and compiled the first time
    Ruby,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a QR code
    ///
    /// On a terminal it is black on white, independently of the terminal's colours. Otherwise it consists of characters
    /// without colours for the dark modules: scan it as dark text on a light background, or choose another --look.
    Qr {
        /// The URL in the code
        #[arg(default_value = qr::PROJECT)]
        url: String,

        /// The way to print it
        #[arg(long, value_enum, default_value_t = LookArgument::Auto)]
        look: LookArgument,

        /// Print it as an SVG picture, black on white, for slides and paper
        #[arg(long, conflicts_with = "look")]
        svg: bool,
    },
    /// Run hello.wat in a browser
    ///
    /// Serves one page, only for this machine, until Ctrl-C.
    Serve {
        /// The port; 0 for any free one
        #[arg(long, default_value_t = PORT)]
        port: u16,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LookArgument {
    /// Coloured on a terminal, otherwise or with NO_COLOR dark-on-light
    Auto,
    /// Black on white, with escape codes
    Coloured,
    /// Without colours, for dark text on a light background
    DarkOnLight,
    /// Without colours, for light text on a dark background
    LightOnDark,
}

/// A message for stderr, and an exit code.
#[derive(Debug)]
struct Failure {
    message: String,
    exit: Exit,
}

impl Failure {
    fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
            exit,
        }
    }
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    run(command_line::arguments()).unwrap_or_else(|failure| command_line::fail(failure.exit, failure.message))
}

/// The exit code of the lesson in `main.rs`. It can only fail if `hello.wat` was edited or the output can't be written.
/// An error is printed to stderr.
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    let causes = |error: &anyhow::Error| command_line::causes(error.as_ref());
    let output = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    match output.map(io::Error::kind) {
        // A closed pipe (`| head`) is no failure.
        Some(io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        Some(io::ErrorKind::Other) | None => {
            command_line::fail(Exit::DataErr, format!("hello.wat: {}", causes(&error)))
        }
        Some(_) => command_line::fail(Exit::IoErr, format!("the line can't be written: {}", causes(&error))),
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    if let Some(shell) = arguments.completions {
        return print(&command_line::completions::<Arguments>(shell));
    }
    match arguments.command {
        Some(Command::Qr { url, look, svg }) => qr(&url, look, svg),
        Some(Command::Serve { port }) => serve(port),
        None => hello(arguments.run),
    }
}

fn hello(run: Run) -> Result<ExitCode, Failure> {
    let time_limit = Duration::from_secs(run.time_limit);
    match (run.guest, run.file) {
        (Guest::Rust, Some(_)) => Err(no_file("rust")),
        (Guest::Rust, None) => Ok(exit_of(rust_guest::run(time_limit)?)),
        (Guest::Ruby, Some(_)) => Err(no_file("ruby")),
        (Guest::Ruby, None) => Ok(exit_of(ruby_guest::run(time_limit)?)),
        (Guest::Wat, file) => {
            let name = file
                .as_ref()
                .map_or("hello.wat".into(), |file| source::one_line(&file.display().to_string()));
            let result = guest_limits::within(time_limit, move || print_line(file)).map_err(|TimedOut { limit }| {
                Failure::new(
                    Exit::DataErr,
                    format!(
                        "{name}: the module was not done within {} s: does helloWorld return? --time-limit sets a longer time",
                        limit.as_secs()
                    ),
                )
            })?;
            result
                .map(|()| ExitCode::SUCCESS)
                .or_else(|(name, error)| refusal(&name, error))
        }
    }
}

fn no_file(guest: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("--guest {guest} runs its own program and takes no FILE: leave one of them out"),
    )
}

/// Runs a module, from its file to its line on stdout. The error has the module's name.
fn print_line(file: Option<PathBuf>) -> Result<(), (String, untrusted::Error)> {
    let source = file
        .map_or_else(|| Ok(Source::hello()), |file| Source::read(&file))
        .map_err(|error| (String::new(), error.into()))?;
    let run = || {
        let binary = source.assemble()?;
        let engine = untrusted::engine();
        let module = untrusted::load(&CompiledCode::default_location(), &engine, &binary)?;
        Hello::instantiate(&engine, &module, Box::new(io::stdout()))?.call()
    };
    run().map_err(|error| (source.name.clone(), error))
}

fn refusal(name: &str, error: untrusted::Error) -> Result<ExitCode, Failure> {
    match error {
        // This error names the file itself.
        untrusted::Error::Source(error) => Err(error.into()),
        untrusted::Error::Output(error) => written(Err(error)),
        error => Err(Failure::new(Exit::DataErr, format!("{name}: {error}"))),
    }
}

impl From<source::Error> for Failure {
    fn from(error: source::Error) -> Self {
        let exit = match error {
            source::Error::Unreadable { .. } => Exit::NoInput,
            source::Error::Empty(_) | source::Error::TooLarge(_) | source::Error::NotWat { .. } => Exit::DataErr,
        };
        Self::new(exit, error)
    }
}

impl From<companion::Error> for Failure {
    fn from(error: companion::Error) -> Self {
        Self::new(Exit::Unavailable, error)
    }
}

impl From<rust_guest::Error> for Failure {
    fn from(error: rust_guest::Error) -> Self {
        Self::new(Exit::Unavailable, error)
    }
}

/// The exit code of another program; that of a bug if a signal ended it.
fn exit_of(status: ExitStatus) -> ExitCode {
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(Exit::Software.into(), ExitCode::from)
}

fn qr(url: &str, look: LookArgument, svg: bool) -> Result<ExitCode, Failure> {
    let code = Code::new(url).map_err(|error| {
        let exit = match error {
            qr::Error::Empty => Exit::Usage,
            qr::Error::TooLong(_) => Exit::DataErr,
        };
        Failure::new(exit, error)
    })?;
    if svg {
        return print(code.svg(url).as_bytes());
    }
    let coloured = || anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let look = match look {
        LookArgument::Coloured => Look::Coloured,
        LookArgument::DarkOnLight => Look::DarkOnLight,
        LookArgument::LightOnDark => Look::LightOnDark,
        LookArgument::Auto if coloured() => Look::Coloured,
        LookArgument::Auto => Look::DarkOnLight,
    };
    if io::stdout().is_terminal()
        && let Some((terminal_size::Width(columns), _)) = terminal_size::terminal_size()
        && usize::from(columns) < code.columns()
    {
        return Err(Failure::new(
            Exit::Unavailable,
            format!(
                "the QR code is {} columns wide, but this terminal has {columns}: make it wider, or its text smaller",
                code.columns()
            ),
        ));
    }
    print(code.render(look).as_bytes())
}

fn serve(port: u16) -> Result<ExitCode, Failure> {
    let site = Site::hello()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::OsErr, format!("no event loop can be created: {error}")))?;
    runtime.block_on(async {
        let server = Server::bind(port).await.map_err(|error| {
            let next_step = match error.kind() {
                io::ErrorKind::AddrInUse => "stop the program that uses it, or use any free port with --port 0",
                _ => "use any free port with --port 0",
            };
            Failure::new(
                Exit::Unavailable,
                format!("port {port} can't be served: {error}; {next_step}"),
            )
        })?;
        let stop =
            stop_signal().map_err(|error| Failure::new(Exit::OsErr, format!("Ctrl-C can't be waited for: {error}")))?;
        let exit = print(format!("http://{}/\n", server.address()).as_bytes())?;
        command_line::note("Open this address in a browser on this machine. Ctrl-C ends the server.");
        server.run(site, stop).await;
        Ok(exit)
    })
}

/// Waits for Ctrl-C or SIGTERM.
///
/// The signals are caught from this call on, not only from the first poll of the future.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async { _ = tokio::signal::ctrl_c().await })
}

fn print(answer: &[u8]) -> Result<ExitCode, Failure> {
    written(command_line::print(answer))
}

/// A closed pipe (`| head`) is no failure.
fn written(result: io::Result<()>) -> Result<ExitCode, Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::IoErr,
            format!("the answer can't be written to stdout: {error}"),
        )),
        _ => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
