//! `up`: runs the component and Rails, and makes one collection after another.
//!
//! A tracker runs for years. Temporary failures, such as of Rails, its database, a full disk or the terminal, are
//! reported and retried with backoff. Only a permanent failure ends the program.

use std::{net::TcpListener, time::Duration};

use github::stand_in;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use system::command_line::{self, printable};

use super::arguments::UpOptions;
use super::error::Error;
use super::show::{print_table, words_on_the_stand_in};
use super::start::start;
use super::stop::{ENDING, INTERRUPTED, Stop, gracefully};
use crate::{
    backoff::Backoff,
    dashboard::{
        self, Runtime, Server, Settings, Storage,
        collector::{self, Ended},
        database, figures,
        server::{address, socket},
    },
    measure::{Source, Tracker, progress::Progress},
};

/// Rails' usual port.
const PORT: u16 = 3000;

/// The first and the longest delay before a retry.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5 * 60);

/// A dashboard that ran at least this long counts as working, so its backoff is reset.
const STABLE_AFTER: Duration = Duration::from_secs(60);

/// The most attempts to read the figures from the dashboard. They take a few seconds, enough for a restart.
const FIGURES_ATTEMPTS: usize = 4;

/// The longest wait. It keeps the addition of times from overflowing.
const MAX_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Runs the tracker until it is stopped, or for one collection.
pub(super) async fn up(options: UpOptions, stop: &mut Stop) -> Result<u8, Error> {
    // Missing requirements are found before anything is built.
    options.check()?;
    let runtime = Runtime::find()?;
    database::check(runtime.root())?;
    let socket = socket(options.port.unwrap_or(if options.once { 0 } else { PORT })).await?;
    let port = socket.local_addr().map_or(PORT, |address| address.port());
    let source = if options.what.github.stand_in {
        Source::StandIn
    } else {
        Source::GitHub
    };
    let storage = options
        .storage
        .clone()
        .map_or_else(|| Storage::default_directory(source), Ok)?;
    let storage = Storage::open(&storage)?;

    let tracker = start(&options.what.github, &options.what.org, stop).await?;
    let settings = Settings {
        storage,
        source,
        component_url: tracker.base_url(),
        stand_in_url: tracker.stand_in().map(stand_in::StandIn::base_url),
        org: options.what.org.clone(),
        skip: options.what.skip.clone(),
        pause: options.what.github.pause,
        port,
    };
    let up = Up {
        options,
        runtime,
        settings,
        socket,
        tracker,
    };
    // If this future is dropped, its processes are ended.
    let result = tokio::select! {
        result = up.run() => result,
        () = stop.wait() => {
            command_line::note(ENDING);
            Ok(None)
        }
    };
    gracefully(up.tracker.stop()).await;
    result.map(|code| code.unwrap_or(if up.options.once { INTERRUPTED } else { 0 }))
}

struct Up {
    options: UpOptions,
    runtime: Runtime,
    settings: Settings,
    /// The dashboard's listening socket. It stays open when the server restarts.
    socket: TcpListener,
    tracker: Tracker,
}

/// The next step after a pass.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Wait for the next scheduled pass.
    AsScheduled,
    /// Retry as soon as GitHub allows it.
    At(Timestamp),
    /// Retry with backoff after a temporary failure.
    Again,
    /// End: a retry cannot succeed.
    Never,
}

impl Up {
    /// Runs until it is stopped. With `--once`, returns the exit code of the first collection.
    async fn run(&self) -> Result<Option<u8>, Error> {
        command_line::note(format_args!(
            "preparing the database in {}",
            self.settings.storage.directory().display()
        ));
        self.prepare().await?;
        let server = match self.start_server().await {
            Ok(server) => Some(server),
            Err(error) if self.options.once => return Err(error.into()),
            Err(error) => {
                command_line::note(error);
                None
            }
        };
        tokio::select! {
            never = self.keep_serving(server) => match never {},
            ended = self.work() => ended.map(Some),
        }
    }

    /// Migrates the database.
    async fn prepare(&self) -> Result<(), Error> {
        let mut backoff = Backoff::new(FIRST_RETRY_DELAY, MAX_RETRY_DELAY);
        loop {
            match collector::migrate(&self.runtime, &self.settings).await {
                Ok(()) => return Ok(()),
                Err(error) if self.options.once || !error.may_pass() => return Err(error.into()),
                Err(error) => wait_for(&mut backoff, &error).await,
            }
        }
    }

    async fn work(&self) -> Result<u8, Error> {
        if let Some(days) = self.options.history
            && self.figures(&Ended::default()).await?.is_none()
        {
            self.play(days).await?;
        }
        if self.options.once {
            let ended = self.collect().await?;
            let shown = self.show(&ended).await;
            return if !ended.passed && ended.code != 0 {
                Err(self.no_pass(&ended))
            } else {
                shown.map(|()| ended.code)
            };
        }
        self.keep_collecting().await
    }

    /// Collects on schedule, until a retry cannot succeed. Prints the dashboard's URL after the first collection.
    async fn keep_collecting(&self) -> Result<u8, Error> {
        let mut backoff = Backoff::new(FIRST_RETRY_DELAY, MAX_RETRY_DELAY);
        let mut first = true;
        loop {
            let wait = match self.collect().await {
                Ok(ended) => {
                    let next = Next::after(&ended, first);
                    if next == Next::Never {
                        return Err(self.no_pass(&ended));
                    }
                    if ended.passed {
                        // The figures are stored and on the dashboard, so a failure to print them is not fatal.
                        if let Err(error) = self.show(&ended).await {
                            command_line::note(error);
                        }
                    } else {
                        command_line::note(self.no_pass(&ended));
                    }
                    if next != Next::Again {
                        backoff.reset();
                    }
                    match next {
                        Next::At(time) => until(time, Timestamp::now()),
                        Next::Again => backoff.next(),
                        _ => self.options.every,
                    }
                }
                Err(error) if error.may_pass() => {
                    command_line::note(error);
                    backoff.next()
                }
                Err(error) => return Err(error.into()),
            };
            if first {
                self.say_where_to_look();
                first = false;
            }
            let wait = wait.clamp(FIRST_RETRY_DELAY, MAX_WAIT);
            command_line::note(format_args!("The next collection begins {}.", at(wait)));
            tokio::time::sleep(wait).await;
        }
    }

    /// Makes one pass, with a progress bar.
    async fn collect(&self) -> Result<Ended, dashboard::Error> {
        let progress = Progress::new();
        let result = collector::collect(&self.runtime, &self.settings, &progress).await;
        progress.finish();
        result
    }

    /// Prints the table of the stored figures after a pass.
    async fn show(&self, ended: &Ended) -> Result<(), Error> {
        if !ended.passed {
            return Ok(());
        }
        let org = printable(&self.settings.org);
        let printed = match self.figures(ended).await? {
            Some(collection) => print_table(&collection),
            None => {
                command_line::note(format_args!("nothing of {org} was read yet"));
                Ok(())
            }
        };
        if let Some(detail) = &ended.detail {
            command_line::note(format_args!(
                "the collection of {org} was stopped: {}",
                printable(detail)
            ));
        }
        printed
    }

    /// Reads the stored figures. Retries, since a dashboard that has just crashed is being restarted.
    async fn figures(&self, ended: &Ended) -> Result<Option<crate::measure::Collection>, Error> {
        let mut backoff = Backoff::new(FIRST_RETRY_DELAY, MAX_RETRY_DELAY);
        for _ in 1..FIGURES_ATTEMPTS {
            match figures::latest(&self.settings, ended, self.now()).await {
                Ok(known) => return Ok(known),
                Err(_) => tokio::time::sleep(backoff.next()).await,
            }
        }
        let known = figures::latest(&self.settings, ended, self.now()).await;
        known.map_err(|error| {
            Error::new(
                format!("the figures can't be shown, though what was read is stored: {error}"),
                error.exit_code(),
            )
        })
    }

    /// The current time of the source's clock.
    fn now(&self) -> Timestamp {
        self.tracker
            .stand_in()
            .map_or_else(Timestamp::now, stand_in::StandIn::now)
    }

    /// The error for a refused pass.
    fn no_pass(&self, ended: &Ended) -> Error {
        let org = printable(&self.settings.org);
        let why = ended.detail.as_deref().map_or_else(
            || {
                format!(
                    "see {}",
                    self.settings.storage.directory().join("dashboard.log").display()
                )
            },
            printable,
        );
        Error::new(format!("{org} was not collected: {why}"), ended.code)
    }

    async fn play(&self, days: u32) -> Result<(), Error> {
        let style = ProgressStyle::with_template("{wide_bar:.cyan/blue} {pos}/{len} {elapsed} {msg:32!}")
            .expect("the template is well-formed");
        let bar = ProgressBar::no_length()
            .with_style(style)
            .with_message("playing the history");
        let played = |pass, passes, at: Timestamp| {
            bar.set_length(passes);
            bar.set_position(pass);
            bar.set_message(at.strftime("%Y-%m-%d").to_string());
        };
        command_line::note(format_args!(
            "playing {days} days of history through the stand-in's clock"
        ));
        let result = collector::play(&self.runtime, &self.settings, days, played).await;
        bar.finish_and_clear();
        match result? {
            (0, _) => Ok(()),
            (code, said) => Err(Error::new(
                format!("the history could not be played: {}", printable(&said)),
                code,
            )),
        }
    }

    async fn start_server(&self) -> Result<Server, dashboard::Error> {
        Server::start(&self.runtime, &self.settings, &self.socket).await
    }

    /// Restarts the dashboard whenever it ended by itself.
    async fn keep_serving(&self, mut server: Option<Server>) -> std::convert::Infallible {
        let mut backoff = Backoff::new(FIRST_RETRY_DELAY, MAX_RETRY_DELAY);
        loop {
            if let Some(running) = &mut server {
                let began = tokio::time::Instant::now();
                let error = running.ended().await;
                command_line::note(error);
                if began.elapsed() > STABLE_AFTER {
                    backoff.reset();
                }
            }
            let wait = backoff.next();
            command_line::note(format_args!("starting the dashboard again in {} s", wait.as_secs()));
            tokio::time::sleep(wait).await;
            server = self
                .start_server()
                .await
                .inspect_err(|error| command_line::note(error))
                .ok();
        }
    }

    fn say_where_to_look(&self) {
        command_line::note(format_args!(
            "\nThe dashboard is at {}/orgs/{} until Ctrl-C; the component at {}.",
            address(self.settings.port),
            crate::measure::component::segment(&self.settings.org),
            self.tracker.base_url()
        ));
        if let Some(stand_in) = self.tracker.stand_in() {
            command_line::note(words_on_the_stand_in(stand_in));
        }
    }
}

impl Next {
    fn after(ended: &Ended, first: bool) -> Self {
        use sysexits::ExitCode::{DataErr, NoInput, TempFail, Unavailable, Usage};

        let is = |code: sysexits::ExitCode| ended.code == u8::from(code);
        match ended.retry_at {
            Some(time) => Self::At(time),
            // A mistyped name, or figures of another source: the user who has just started the tracker has to see that.
            None if !ended.passed && is(Usage) => Self::Never,
            None if !ended.passed && is(DataErr) && first => Self::Never,
            // The database is unavailable, or another collection is running.
            None if !ended.passed && (is(Unavailable) || is(NoInput) || is(TempFail)) => Self::Again,
            None => Self::AsScheduled,
        }
    }
}

async fn wait_for(backoff: &mut Backoff, error: &dashboard::Error) {
    let wait = backoff.next();
    command_line::note(format_args!("{error}\ntrying again in {} s", wait.as_secs()));
    tokio::time::sleep(wait).await;
}

/// The duration until a time; zero if it is in the past.
fn until(time: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(now)).unwrap_or_default()
}

fn at(wait: Duration) -> String {
    match Timestamp::now().checked_add(wait) {
        Ok(at) => at.strftime("at %Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_a_pass() {
        let time: Timestamp = "2026-05-10T12:30:00Z".parse().unwrap();
        let ended = |code, passed, retry_at| Ended {
            code,
            passed,
            retry_at,
            ..Ended::default()
        };
        for (of, first, next) in [
            (ended(0, true, None), true, Next::AsScheduled),
            (ended(65, true, None), true, Next::AsScheduled),
            (ended(69, true, None), true, Next::AsScheduled),
            (ended(69, true, Some(time)), true, Next::At(time)),
            // A `retry_at` from before this program was started.
            (ended(69, false, Some(time)), true, Next::At(time)),
            (ended(69, false, None), true, Next::Again),
            (ended(75, false, None), true, Next::Again),
            (ended(64, false, None), false, Next::Never),
            (ended(65, false, None), true, Next::Never),
            (ended(65, false, None), false, Next::AsScheduled),
        ] {
            assert_eq!(Next::after(&of, first), next, "{of:?}");
        }
    }

    #[test]
    fn a_time_that_is_over_is_not_waited_for() {
        let now: Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
        let in_half_an_hour = "2026-05-10T12:30:00Z".parse().unwrap();
        assert_eq!(until(in_half_an_hour, now), Duration::from_secs(30 * 60));
        assert_eq!(until(now, in_half_an_hour), Duration::ZERO);
        assert_eq!(at(Duration::MAX), "never");
    }
}
