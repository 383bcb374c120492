//! The commands.

use std::{io, process::ExitCode};

use comfy_table::Table;

use super::{Arguments, Command, GitHubOptions, MeasureOptions, serve::serve, stop::Stop, up::up};
use crate::measure::{
    Collection, Kind, Manners, Problem, Source, Tracker,
    collection::exit_code,
    printable::printable,
    progress::Progress,
    table,
    tracker::{self, GitHub},
};

/// What a shell says of a program that was ended by Ctrl-C: 128 and the signal's number.
pub(super) const INTERRUPTED: u8 = 130;

/// What the commands end with where there is no answer: one sentence and an exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    code: u8,
}

impl Error {
    /// For the shell, as in `--help`.
    pub fn exit_code(&self) -> u8 {
        self.code
    }

    pub(super) fn new(message: impl Into<String>, code: impl Into<u8>) -> Self {
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
        print(&command_line::completions::<Arguments>(shell))?;
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
            Command::Serve(options) => serve(options, &mut stop).await,
            Command::Up(options) => up(options, &mut stop).await,
        }
    });
    // A build that was interrupted is not waited for.
    runtime.shutdown_background();
    result.map(ExitCode::from)
}

async fn measure(options: MeasureOptions, stop: &mut Stop) -> Result<u8, Error> {
    let tracker = start(&options.what.github, &options.what.org, 0, stop).await?;
    let collection = collect(&tracker, &options, stop).await?;
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

/// Starts the component on `port` (0: any free one), and the stand-in, with an organisation of that name, where one is
/// asked for.
pub(super) async fn start(options: &GitHubOptions, org: &str, port: u16, stop: &mut Stop) -> Result<Tracker, Error> {
    let github = if options.stand_in {
        GitHub::StandIn {
            org: org.to_owned(),
            clock: options.clock,
            faults: options.stand_in_fault.clone(),
        }
    } else {
        GitHub::Real
    };
    let options = tracker::Options {
        github,
        port,
        contact: options.contact.clone(),
        page_timeout: options.timeout,
    };
    tokio::select! {
        tracker = Tracker::start(options) => Ok(tracker?),
        () = stop.wait() => Err(Error::new("stopped before anything was measured", INTERRUPTED)),
    }
}

async fn collect(tracker: &Tracker, options: &MeasureOptions, stop: &mut Stop) -> Result<Collection, Error> {
    let what = &options.what;
    let manners = tracker.manners();
    let manners = Manners {
        pause: what.pause.unwrap_or(manners.pause),
        wait: options.wait.unwrap_or(manners.wait),
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

pub(super) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

pub(super) fn print_table(collection: &Collection) -> Result<(), Error> {
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
    command_line::print(bytes).map_err(|error| {
        let message = format!("the answer can't be written to stdout: {error}; is the disk full?");
        Error::new(message, sysexits::ExitCode::IoErr)
    })
}
