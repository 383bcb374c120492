//! `up`: the component, Rails beside it, and one collection after another.
//!
//! A tracker runs for years. What fails meanwhile — Rails, its database, a full disk, the terminal — is said, waited for
//! longer each time, and tried again; only what nobody's waiting mends ends the program.

use std::{net::TcpListener, time::Duration};

use github::stand_in;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use system::command_line;

use super::{
    UpOptions,
    measure::{print_table, start},
    run::Error,
    serve::words_on_the_stand_in,
    stop::{ENDING, INTERRUPTED, Stop, gracefully},
};
use crate::{
    dashboard::{
        self, Runtime, Server, Settings, Storage,
        collector::{self, Ended},
        database, figures,
        server::{address, socket},
    },
    measure::{Source, Tracker, printable::printable, progress::Progress},
    waits::Waits,
};

/// Where Rails listens by habit.
const PORT: u16 = 3000;

/// How long to wait before what failed is tried again, at first and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(5 * 60);

/// A dashboard that ran for so long is not one that can't run.
const RAN_WELL: Duration = Duration::from_secs(60);

/// How often the dashboard is asked for the figures: a few seconds are enough for it to be started again.
const ATTEMPTS_AT_FIGURES: usize = 4;

/// No schedule is so far ahead, and clocks can add it.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl From<dashboard::Error> for Error {
    fn from(error: dashboard::Error) -> Self {
        Self::new(error.to_string(), error.exit_code())
    }
}

/// Runs the tracker until it is stopped, or once.
pub(super) async fn up(options: UpOptions, stop: &mut Stop) -> Result<u8, Error> {
    // What may be missing is found out before anything is built.
    options.check()?;
    let runtime = Runtime::find()?;
    database::check(&runtime)?;
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
    // Dropped in the middle, whatever runs is ended with it.
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
    /// Where the dashboard listens, whichever process serves it.
    socket: TcpListener,
    tracker: Tracker,
}

/// What comes after a pass.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The schedule.
    AsScheduled,
    /// As soon as GitHub allows it.
    At(Timestamp),
    /// It failed by what may pass: soon, and later each time.
    Again,
    /// Trying again will not help.
    Never,
}

impl Up {
    /// Until it is stopped, or, with `--once`, until the first collection's exit code is known.
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

    /// The database as this version of Rails expects it.
    async fn prepare(&self) -> Result<(), Error> {
        let mut waits = Waits::new(FIRST_WAIT, LONGEST_RETRY);
        loop {
            match collector::migrate(&self.runtime, &self.settings).await {
                Ok(()) => return Ok(()),
                Err(error) if self.options.once || !error.may_pass() => return Err(error.into()),
                Err(error) => wait_for(&mut waits, &error).await,
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

    /// Collects, says where to look, and collects again, until trying again will not help.
    async fn keep_collecting(&self) -> Result<u8, Error> {
        let mut waits = Waits::new(FIRST_WAIT, LONGEST_RETRY);
        let mut first = true;
        loop {
            let wait = match self.collect().await {
                Ok(ended) => {
                    let next = Next::after(&ended, first);
                    if next == Next::Never {
                        return Err(self.no_pass(&ended));
                    }
                    if ended.passed {
                        // What can't be printed now is stored, and on the dashboard.
                        if let Err(error) = self.show(&ended).await {
                            command_line::note(error);
                        }
                    } else {
                        command_line::note(self.no_pass(&ended));
                    }
                    if next != Next::Again {
                        waits.begin_anew();
                    }
                    match next {
                        Next::At(time) => until(time, Timestamp::now()),
                        Next::Again => waits.next(),
                        _ => self.options.every,
                    }
                }
                Err(error) if error.may_pass() => {
                    command_line::note(error);
                    waits.next()
                }
                Err(error) => return Err(error.into()),
            };
            if first {
                self.say_where_to_look();
                first = false;
            }
            let wait = wait.clamp(FIRST_WAIT, LONGEST_WAIT);
            command_line::note(format_args!("The next collection begins {}.", at(wait)));
            tokio::time::sleep(wait).await;
        }
    }

    /// One pass, with a bar.
    async fn collect(&self) -> Result<Ended, dashboard::Error> {
        let progress = Progress::new();
        let result = collector::collect(&self.runtime, &self.settings, &progress).await;
        progress.finish();
        result
    }

    /// The table of what is known, after a pass.
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

    /// What is known. A dashboard that has just died is started again meanwhile.
    async fn figures(&self, ended: &Ended) -> Result<Option<crate::measure::Collection>, Error> {
        let mut waits = Waits::new(FIRST_WAIT, LONGEST_RETRY);
        for _ in 1..ATTEMPTS_AT_FIGURES {
            match figures::latest(&self.settings, ended, self.now()).await {
                Ok(known) => return Ok(known),
                Err(_) => tokio::time::sleep(waits.next()).await,
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

    /// The time where the figures come from.
    fn now(&self) -> Timestamp {
        self.tracker
            .stand_in()
            .map_or_else(Timestamp::now, stand_in::StandIn::now)
    }

    /// Why there was no pass.
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

    /// Starts the dashboard again whenever it ended by itself.
    async fn keep_serving(&self, mut server: Option<Server>) -> std::convert::Infallible {
        let mut waits = Waits::new(FIRST_WAIT, LONGEST_RETRY);
        loop {
            if let Some(running) = &mut server {
                let began = tokio::time::Instant::now();
                let error = running.ended().await;
                command_line::note(error);
                if began.elapsed() > RAN_WELL {
                    waits.begin_anew();
                }
            }
            let wait = waits.next();
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
            // A name that was mistyped, or another source's figures: whoever has just started it wants to know.
            None if !ended.passed && is(Usage) => Self::Never,
            None if !ended.passed && is(DataErr) && first => Self::Never,
            // The database is away, or another collection is under way.
            None if !ended.passed && (is(Unavailable) || is(NoInput) || is(TempFail)) => Self::Again,
            None => Self::AsScheduled,
        }
    }
}

async fn wait_for(waits: &mut Waits, error: &dashboard::Error) {
    let wait = waits.next();
    command_line::note(format_args!("{error}\ntrying again in {} s", wait.as_secs()));
    tokio::time::sleep(wait).await;
}

/// How long it is until then; no time where that is over.
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
            // GitHub asked for it before this program was started.
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
