//! The commands.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::CommandFactory;
use comfy_table::Table;

use super::{Arguments, Command, MeasureOptions, UpOptions, WhatOptions};
use crate::measure::{
    Collection, Kind, Manners, Problem, Source, Tracker,
    collection::exit_code,
    component::segment,
    printable::printable,
    progress::Progress,
    table::{self, STAND_IN},
    tracker::{self, GitHub},
};

/// Where `spin up` listens too.
const PORT: u16 = 3000;

/// What a shell says of a program that was ended by Ctrl-C: 128 and the signal's number.
const INTERRUPTED: u8 = 130;

/// What the commands end with where there is no answer: one sentence and an exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    code: u8,
}

impl Error {
    /// For the shell, as in `--help`.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    fn new(message: impl Into<String>, code: impl Into<u8>) -> Self {
        Self {
            message: message.into(),
            code: code.into(),
        }
    }
}

impl From<tracker::Error> for Error {
    fn from(error: tracker::Error) -> Self {
        Self::new(error.to_string(), error.exit_code())
    }
}

/// Does what was asked for. The answer goes to stdout, everything else to stderr.
///
/// # Errors
///
/// Where there is no answer.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    if let Some(shell) = arguments.completions {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "ex3-stats-tracker", &mut script);
        print(&script)?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(format!("threads can't be started: {error}"), sysexits::ExitCode::OsErr))?;
    let result = runtime.block_on(async {
        // From the first moment on, or a Ctrl-C during a build would leave half of it to itself.
        let mut stop = Stop::listen()?;
        match arguments.command.unwrap_or(Command::Up(arguments.up)) {
            Command::Measure(options) => measure(options, &mut stop).await,
            Command::Up(options) => up(options, &mut stop).await,
        }
    });
    // A build that was interrupted is not waited for.
    runtime.shutdown_background();
    result.map(ExitCode::from)
}

async fn measure(options: MeasureOptions, stop: &mut Stop) -> Result<u8, Error> {
    let tracker = start(&options.what, 0, stop).await?;
    let collection = collect(&tracker, &options.what, stop).await?;
    tracker.stop().await;
    if options.json {
        let mut line = serde_json::to_vec(&collection).map_err(|error| {
            Error::new(
                format!("the JSON can't be written: {error}"),
                sysexits::ExitCode::Software,
            )
        })?;
        line.push(b'\n');
        print(&line)?;
    } else {
        print_table(&collection)?;
    }
    Ok(collection.exit_code())
}

async fn up(options: UpOptions, stop: &mut Stop) -> Result<u8, Error> {
    let port = options.port.unwrap_or(if options.once { 0 } else { PORT });
    let tracker = start(&options.what, port, stop).await?;
    let result = collect(&tracker, &options.what, stop).await;
    if options.once {
        tracker.stop().await;
        let collection = result?;
        print_table(&collection)?;
        return Ok(collection.exit_code());
    }
    let example = match &result {
        Ok(collection) => {
            print_table(collection)?;
            collection.packages.first().map(|package| package.name.clone())
        }
        Err(error) if error.code == INTERRUPTED => return result.map(|_| 0),
        // The component is there all the same, and GitHub may be back before long.
        Err(error) => {
            eprintln!("{error}");
            None
        }
    };
    let base_url = tracker.base_url();
    let mut path = format!("/orgs/{}/packages", segment(&options.what.org));
    if let Some(name) = example {
        path = format!("{path}/{}", segment(&name));
    }
    eprintln!("The component listens on {base_url} until Ctrl-C. Try:\n\n    curl -s {base_url}{path}\n");
    if let Some(stand_in) = tracker.stand_in() {
        let control = stand_in::control::PREFIX;
        eprintln!(
            "It asks the stand-in on {0} (clock, faults and log: {0}{control}).\n{STAND_IN}",
            stand_in.base_url()
        );
    }
    stop.wait().await;
    tracker.stop().await;
    Ok(0)
}

async fn start(what: &WhatOptions, port: u16, stop: &mut Stop) -> Result<Tracker, Error> {
    let github = if what.stand_in {
        GitHub::StandIn {
            org: what.org.clone(),
            clock: what.clock,
            faults: what.stand_in_fault.clone(),
        }
    } else {
        GitHub::Real
    };
    let options = tracker::Options {
        github,
        port,
        contact: what.contact.clone(),
        page_timeout: what.timeout,
    };
    tokio::select! {
        tracker = Tracker::start(options) => Ok(tracker?),
        () = stop.wait() => Err(Error::new("stopped before anything was measured", INTERRUPTED)),
    }
}

async fn collect(tracker: &Tracker, what: &WhatOptions, stop: &mut Stop) -> Result<Collection, Error> {
    let manners = tracker.manners();
    let manners = Manners {
        pause: what.pause.unwrap_or(manners.pause),
        wait: what.wait.unwrap_or(manners.wait),
        ..manners
    };
    let progress = Progress::new();
    let result = tokio::select! {
        result = tracker.collect(&what.org, &what.skip, &manners, &progress) => Some(result),
        () = stop.wait() => None,
    };
    progress.finish();
    let org = printable(&what.org);
    let Some(result) = result else {
        let read = progress.read();
        let message = format!(
            "stopped after {read} package{} of {org}; nothing is printed",
            plural(read)
        );
        return Err(Error::new(message, INTERRUPTED));
    };
    let (collection, skipped) = result.map_err(|problem| no_list(&org, tracker.source(), &problem))?;
    for name in what.skip.iter().filter(|name| !skipped.contains(name)) {
        eprintln!("warning: {org} has no package `{}` to skip", printable(name));
    }
    if !skipped.is_empty() {
        eprintln!(
            "skipped {} package{}: {}",
            skipped.len(),
            plural(skipped.len()),
            printable(&skipped.join(", "))
        );
    }
    if collection.packages.is_empty() && collection.failures.is_empty() {
        let message = if skipped.is_empty() {
            format!("{org} has no container packages that everyone can see; is it the right organisation?")
        } else {
            format!("every package of {org} was skipped; leave out a --skip")
        };
        return Err(Error::new(message, sysexits::ExitCode::DataErr));
    }
    Ok(collection)
}

/// Why there is not even a list, in one sentence.
fn no_list(org: &str, source: Source, problem: &Problem) -> Error {
    let detail = printable(problem.detail.trim_end_matches('.'));
    let site = match source {
        Source::GitHub => "github.com",
        Source::StandIn => "the stand-in",
    };
    let message = match problem.kind {
        Kind::NotFound => format!("there is no organisation or user `{org}` on {site}; check --org"),
        Kind::BadRequest => format!("`{org}` can't be measured: {detail}; check --org and --contact"),
        Kind::RateLimited => {
            format!("the packages of {org} were not listed: {detail}; try again later, or wait longer with --wait")
        }
        Kind::Unreachable => {
            format!("the packages of {org} were not listed: {detail}; check the network, or try it out with --stand-in")
        }
        Kind::TimedOut => {
            format!("the packages of {org} were not listed: {detail}; try again, or wait longer with --timeout")
        }
        Kind::MarkupChanged | Kind::TooLarge => {
            format!("the packages of {org} were not listed: {detail}; a newer version may know {site}'s pages")
        }
        Kind::ComponentFailed => format!("the packages of {org} were not listed: {detail}; this is a bug"),
    };
    let code = match problem.kind {
        Kind::BadRequest => sysexits::ExitCode::Usage.into(),
        Kind::ComponentFailed => sysexits::ExitCode::Software.into(),
        kind => exit_code([kind]),
    };
    Error::new(message, code)
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn print_table(collection: &Collection) -> Result<(), Error> {
    // The width of the terminal; without one, lines are as long as they have to be.
    let width = Table::new().width();
    let text = table::render(collection, width);
    let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    if colours {
        print(text.as_bytes())
    } else {
        print(anstream::adapter::strip_str(&text).to_string().as_bytes())
    }
}

/// Writes an answer in one go; a reader that has seen enough (`| head`) is no error.
fn print(bytes: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!("the answer can't be written to stdout: {error}; is the disk full?");
            Err(Error::new(message, sysexits::ExitCode::IoErr))
        }
        _ => Ok(()),
    }
}

/// Ctrl-C, and what else asks a program to end.
struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    fn listen() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Error::new(
                    format!("signals can't be listened to: {error}"),
                    sysexits::ExitCode::OsErr,
                )
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Self, Error> {
        Ok(Self {})
    }

    async fn wait(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
