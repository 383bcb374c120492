//! The commands and their options.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
#[cfg(feature = "tracker")]
use github::stand_in::fault::TargetedFault;
use jiff::SignedDuration;
#[cfg(feature = "tracker")]
use jiff::Timestamp;

use super::error::Error;
use super::exit_codes;

/// Measures how often an organisation's container images were pulled from ghcr.io.
///
/// GitHub's pages are fetched and read by a WebAssembly component under the limits of its spin.toml; this program runs
/// it. Without a command it is `up`.
#[cfg(feature = "tracker")]
#[derive(Debug, Parser)]
#[command(name = "ex3-stats-tracker", version, args_conflicts_with_subcommands = true, after_help = exit_codes::UP)]
pub struct Arguments {
    /// The command; without one, `up`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `up`.
    #[command(flatten)]
    pub up: UpOptions,
    /// Print the completions of a shell and stop
    #[arg(long, value_name = "SHELL")]
    pub completions: Option<clap_complete::Shell>,
}

/// Runs the WebAssembly component that measures how often an organisation's container images were pulled from ghcr.io.
///
/// This is the program of the container image: it has no compiler, measures nothing by itself and stores nothing.
#[cfg(not(feature = "tracker"))]
#[derive(Debug, Parser)]
#[command(name = "ex3-stats-tracker", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Print the completions of a shell and stop
    #[arg(long, value_name = "SHELL")]
    pub completions: Option<clap_complete::Shell>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole tracker: collect, store, show a dashboard, and collect again, until Ctrl-C
    #[cfg(feature = "tracker")]
    #[command(after_help = exit_codes::UP)]
    Up(UpOptions),
    /// Run the component alone, for programs that ask it, until Ctrl-C or SIGTERM
    #[command(after_help = exit_codes::SERVE)]
    Serve(ServeOptions),
    /// Measure every package once and print the counts
    #[cfg(feature = "tracker")]
    #[command(after_help = exit_codes::MEASURE)]
    Measure(MeasureOptions),
    /// Write the dashboard of the stored figures as files, for a web server that only sends files, such as Pages
    #[cfg(feature = "tracker")]
    #[command(after_help = exit_codes::EXPORT)]
    Export(ExportOptions),
    /// Compile an application for a host that has no compiler, as in a container image
    #[cfg(feature = "tracker")]
    #[command(after_help = exit_codes::COMPILE)]
    Compile(CompileOptions),
}

/// The options of `up`.
#[cfg(feature = "tracker")]
#[derive(Debug, Args)]
pub struct UpOptions {
    /// What to measure.
    #[command(flatten)]
    pub what: WhatOptions,
    /// Stop after one collection instead of serving on
    #[arg(long)]
    pub once: bool,
    /// The dashboard's port on 127.0.0.1; 0 for any free one [default: 3000, with --once any]
    #[arg(long)]
    pub port: Option<u16>,
    /// The time from one collection to the next, such as 6h; at least an hour for github.com
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "6h")]
    pub every: Duration,
    /// Where figures are stored [default: for github.com in the user's data directory, for the stand-in with what is
    /// built]
    #[arg(long, value_name = "DIRECTORY")]
    pub storage: Option<PathBuf>,
    /// If nothing is stored yet, first collect this many days of history with the stand-in's clock
    #[arg(long, value_name = "DAYS", requires = "stand_in", conflicts_with_all = ["clock", "spin"])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub history: Option<u32>,
}

/// The options of `serve`.
#[derive(Debug, Args)]
pub struct ServeOptions {
    /// Whom the component asks.
    #[command(flatten)]
    pub github: GitHubOptions,
    /// The address to listen on; 0.0.0.0 for all of this machine's
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,
    /// The port to listen on; 0 for any free one
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// GitHub's scheme and authority [default: those of github.com, from spin.toml]
    #[arg(long, value_name = "URL", env = "SPIN_VARIABLE_GITHUB_URL", hide_env_values = true)]
    #[cfg_attr(feature = "tracker", arg(conflicts_with = "stand_in"))]
    pub github_url: Option<String>,
    /// The spin.toml of an application that is built already [default: the one beside this program; where there is
    /// none, this workspace's component is built]
    #[arg(long, value_name = "FILE")]
    #[cfg_attr(feature = "tracker", arg(conflicts_with_all = ["stand_in", "spin"]))]
    pub application: Option<PathBuf>,
}

/// The options of `measure`.
#[cfg(feature = "tracker")]
#[derive(Debug, Args)]
pub struct MeasureOptions {
    /// What to measure.
    #[command(flatten)]
    pub what: WhatOptions,
    /// The longest wait, in all, if GitHub limits the rate of requests; a longer one ends the pass [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait: Option<Duration>,
    /// Print one line of JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// The options of `export`.
#[cfg(feature = "tracker")]
#[derive(Debug, Args)]
pub struct ExportOptions {
    /// The directory for the files: a new or empty one, or an earlier export, which is replaced
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Where the figures are stored, as for `up`
    #[arg(long, value_name = "DIRECTORY")]
    pub storage: Option<PathBuf>,
    /// Export the figures of the stand-in, which are invented
    #[arg(long)]
    pub stand_in: bool,
}

/// The options of `compile`.
#[cfg(feature = "tracker")]
#[derive(Debug, Args)]
pub struct CompileOptions {
    /// The application's spin.toml [default: the tracker's own, whose component is built first]
    #[arg(value_name = "FILE")]
    pub application: Option<PathBuf>,
    /// The directory for the code, which any processor of this machine's architecture can run
    #[arg(long, value_name = "DIRECTORY")]
    pub output: PathBuf,
}

/// What to measure, and how.
#[cfg(feature = "tracker")]
#[derive(Debug, Args)]
pub struct WhatOptions {
    /// The organisation or user
    #[arg(long, default_value = "fluxcd")]
    pub org: String,
    /// Leave a package out, as its owner asked to; may be repeated
    #[arg(long, value_name = "PACKAGE")]
    pub skip: Vec<String>,
    /// Whom the component asks.
    #[command(flatten)]
    pub github: GitHubOptions,
}

/// Whom the component asks, and how.
#[derive(Debug, Args)]
pub struct GitHubOptions {
    /// How long one of GitHub's pages may take, in whole seconds up to an hour
    #[arg(long, value_name = "DURATION", value_parser = page_timeout, default_value = "30s")]
    #[arg(env = "SPIN_VARIABLE_PAGE_TIMEOUT", hide_env_values = true)]
    pub timeout: Duration,
    /// The pause between an answer of GitHub's and the next request, such as 2s [default: 1s; none for a stand-in]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub pause: Option<Duration>,
    /// Who runs this, for the User-Agent: an e-mail address or a page [default: the project's page]
    #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
    #[arg(env = "SPIN_VARIABLE_CONTACT", hide_env_values = true)]
    pub contact: String,
    /// Run the component by this `spin`, the one on the PATH where none is named, instead of the embedded host
    #[cfg(feature = "tracker")]
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = "spin")]
    #[arg(conflicts_with = "clock")]
    pub spin: Option<PathBuf>,
    /// Ask a stand-in on this machine instead of github.com; its figures are invented
    #[cfg(feature = "tracker")]
    #[arg(long)]
    pub stand_in: bool,
    /// Let the stand-in's clock stand at this time, such as 2026-05-10T12:00:00Z
    #[cfg(feature = "tracker")]
    #[arg(long, value_name = "RFC3339", requires = "stand_in")]
    pub clock: Option<Timestamp>,
    /// Let a package, a path or everything (*) fail in the stand-in, such as flagger=429:30, flux=503*2 (two
    /// requests) or flux=404*2@30 (two after thirty); may be repeated, and `cargo run -p github --features stand-in
    /// --bin stand-in -- --help` lists the faults
    #[cfg(feature = "tracker")]
    #[arg(long, value_name = "PACKAGE=FAULT[*COUNT][@AFTER]", requires = "stand_in")]
    pub stand_in_fault: Vec<TargetedFault>,
}

/// About as slow as a person who reads the pages. Twenty packages still take only half a minute.
const PAUSE: Duration = Duration::from_secs(1);

/// The limits protect github.com from this program: two requests a second, and a pass each hour.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
#[cfg(feature = "tracker")]
const SHORTEST_EVERY: Duration = Duration::from_secs(60 * 60);

impl GitHubOptions {
    /// The pause between requests to `url`, or to github.com without one.
    ///
    /// # Errors
    ///
    /// If the pause is too short for github.com.
    pub(super) fn pause(&self, url: Option<&str>) -> Result<Duration, Error> {
        #[cfg(feature = "tracker")]
        let stand_in = self.stand_in;
        #[cfg(not(feature = "tracker"))]
        let stand_in = false;
        if stand_in || !url.is_none_or(is_github) {
            return Ok(self.pause.unwrap_or_default());
        }
        match self.pause.unwrap_or(PAUSE) {
            pause if pause < SHORTEST_PAUSE => Err(Error::new(
                format!(
                    "--pause is too short for github.com, which is asked at most every {SHORTEST_PAUSE:?}; \
                     leave it out for {PAUSE:?}"
                ),
                sysexits::ExitCode::Usage,
            )),
            pause => Ok(pause),
        }
    }
}

/// Whether a URL is GitHub's own. `true` for a URL that can't be parsed, so that the limits apply to it.
fn is_github(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.is_empty() || host == "github.com" || host.ends_with(".github.com")
}

#[cfg(feature = "tracker")]
impl UpOptions {
    /// Checks the rate of requests and of collections.
    ///
    /// # Errors
    ///
    /// If one of them is too high for github.com.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.what.github.pause(None)?;
        if self.what.github.stand_in || self.once || self.every >= SHORTEST_EVERY {
            return Ok(());
        }
        Err(Error::new(
            format!(
                "--every is too short for github.com, whose counts are asked for every {} minutes at most: --every 1h",
                SHORTEST_EVERY.as_secs() / 60
            ),
            sysexits::ExitCode::Usage,
        ))
    }
}

/// A duration as people write it: `500ms`, `2s`, `1m 30s`.
fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "write a duration such as 500ms, 2s or 1m".to_owned())
}

/// A duration, or a number of seconds like in the component's variable.
fn page_timeout(text: &str) -> Result<Duration, String> {
    let timeout = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => duration(text)?,
    };
    match timeout {
        whole if (1..=3_600).contains(&whole.as_secs()) && whole.subsec_nanos() == 0 => Ok(whole),
        _ => Err("write whole seconds, from 1s to 1h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn only_githubs_own_addresses_are_githubs() {
        for url in [
            "https://github.com",
            "https://GitHub.com:443/x",
            "http://a@github.com.",
            "https://api.github.com",
            "",
        ] {
            assert!(is_github(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:3000",
            "http://github.com.example",
            "http://stand-in/github.com",
        ] {
            assert!(!is_github(url), "{url}");
        }
    }

    #[test]
    #[cfg(feature = "tracker")]
    fn up_is_the_default() {
        let arguments = Arguments::try_parse_from(["x", "--stand-in", "--once", "--org", "a"]).unwrap();
        assert!(arguments.command.is_none());
        assert!(arguments.up.once && arguments.up.what.github.stand_in);
        assert_eq!(arguments.up.what.org, "a");
    }

    #[test]
    fn durations_are_written_as_people_do() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for text in ["", "-1s", "soon", "1"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(page_timeout("45"), page_timeout("45s"));
        for text in ["0s", "500ms", "1500ms", "2h", "0", "3601", "-1"] {
            assert!(page_timeout(text).is_err(), "{text}");
        }
    }
}
