//! The command line: everything that this program does when it has arguments.

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

/// How long a module may take to be compiled and run, in seconds. A hello takes a few thousandths of one.
const TIME_LIMIT: u64 = 10;

/// The longest time that can be asked for, in seconds: a day.
const LONGEST_TIME_LIMIT: u64 = 24 * 60 * 60;

/// The port of `serve`.
const PORT: u16 = 8000;

/// Prints "Hello World from WebAssembly!", the line of a module written by hand.
///
/// The module is hello.wat, WebAssembly in its text form. Without arguments the program assembles, compiles and calls it
/// in the shortest way, which src/main.rs shows. With a FILE or --guest it also limits the module's time, memory and
/// output, explains what is wrong with it, and caches its compiled code, so that the next run only loads that.
///
/// Exit codes: 0 when the line was printed; 64 for a mistake on the command line, 65 for a module that can't be run, 66
/// for a file that can't be read, 69 for something that isn't there (a port, a compiler, a network), 74 when the line
/// can't be written.
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

    /// Print a shell's completions for this program
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// A module of your own, .wat or .wasm, run the same way in place of hello.wat
    ///
    /// It has to import the function "console" "log" and the memory "js" "mem", and to export the function
    /// "helloWorld"; ex1-hello/hello.wat shows how.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The program that prints the line
    #[arg(long, value_enum, default_value_t = Guest::Wat)]
    guest: Guest,

    /// The most time that it may take
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_LIMIT)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=LONGEST_TIME_LIMIT))]
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
    /// On a terminal it is black on white, whatever the terminal's own colours are. Elsewhere it is made of
    /// characters alone, which draw the dark modules: scan it where text is dark on a light ground, or ask for the
    /// other look.
    Qr {
        /// The address that it leads to
        #[arg(default_value = qr::PROJECT)]
        url: String,

        /// How it is printed
        #[arg(long, value_enum, default_value_t = LookArgument::Auto)]
        look: LookArgument,

        /// Print it as an SVG picture, black on white, for slides and paper
        #[arg(long, conflicts_with = "look")]
        svg: bool,
    },
    /// Run hello.wat in a browser
    ///
    /// Serves one page, to this machine alone, until Ctrl-C.
    Serve {
        /// The port; 0 takes any that is free
        #[arg(long, default_value_t = PORT)]
        port: u16,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LookArgument {
    /// Coloured on a terminal, dark-on-light elsewhere and where NO_COLOR is set
    Auto,
    /// Black on white, by escape codes
    Coloured,
    /// Characters alone, for text that is dark on a light ground
    DarkOnLight,
    /// Characters alone, for text that is light on a dark ground
    LightOnDark,
}

/// Why the program doesn't exit with 0: a sentence for stderr, and the exit code.
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

/// The exit code of the lesson in `main.rs`, whose only faults are an edited `hello.wat` and an output that can't be
/// written. An error is printed to stderr.
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    let causes = |error: &anyhow::Error| command_line::causes(error.as_ref());
    let output = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    match output.map(io::Error::kind) {
        // A reader that has seen enough (`| head`) is no failure.
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
                        "{name}: the module was not done within {} s: does helloWorld return? --time-limit gives it longer",
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

/// Runs a module, from its file to its line on stdout. An error comes with the module's name.
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

/// Passes on how another program ended. One that was ended by a signal has no code.
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
                "the QR code is {} columns wide, and this terminal has {columns}: make it wider, or its text smaller",
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
        .map_err(|error| Failure::new(Exit::OsErr, format!("no event loop can be made: {error}")))?;
    runtime.block_on(async {
        let server = Server::bind(port).await.map_err(|error| {
            let next_step = match error.kind() {
                io::ErrorKind::AddrInUse => "stop what uses it, or take any free port with --port 0",
                _ => "take any free port with --port 0",
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

/// Waits for what ends a server: Ctrl-C, or where there are signals, SIGTERM.
///
/// Both are caught from now on, not only once the future is first polled.
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

/// Waits for what ends a server: Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async { _ = tokio::signal::ctrl_c().await })
}

fn print(answer: &[u8]) -> Result<ExitCode, Failure> {
    written(command_line::print(answer))
}

/// A reader that has seen enough (`| head`) is no failure.
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
