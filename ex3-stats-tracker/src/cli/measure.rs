//! `measure`: every package once, to the terminal.

use system::command_line::{self, printable};

use super::arguments::MeasureOptions;
use super::error::{Error, print};
use super::show::print_table;
use super::start::start;
use super::stop::{INTERRUPTED, Stop, gracefully};
use crate::measure::{Collection, Kind, Manners, Problem, Source, Tracker, collection::exit_code, progress::Progress};

/// Measures and prints.
pub(super) async fn measure(options: MeasureOptions, stop: &mut Stop) -> Result<u8, Error> {
    let tracker = start(&options.what.github, &options.what.org, stop).await?;
    let collection = collect(&tracker, &options, stop).await?;
    gracefully(tracker.stop()).await;
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

async fn collect(tracker: &Tracker, options: &MeasureOptions, stop: &mut Stop) -> Result<Collection, Error> {
    let what = &options.what;
    let manners = tracker.manners();
    let manners = Manners {
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
        command_line::note(format_args!(
            "warning: {org} has no package `{}` to skip",
            printable(name)
        ));
    }
    if !skipped.is_empty() {
        command_line::note(format_args!(
            "skipped {} package{}: {}",
            skipped.len(),
            plural(skipped.len()),
            printable(&skipped.join(", "))
        ));
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

/// The error for a list of packages that could not be read, in one sentence.
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
