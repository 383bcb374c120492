//! `up`: the component, Rails beside it, and one collection after another.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::{
    UpOptions,
    measure::{INTERRUPTED, print_table, start},
    run::Error,
    serve::words_on_the_stand_in,
    stop::Stop,
};
use crate::{
    dashboard::{
        self, Runtime, Server, Settings, Storage, collector, figures,
        server::{address, free_port},
    },
    measure::{Source, Tracker, printable::printable, progress::Progress},
};

/// Where Rails listens by habit.
const PORT: u16 = 3000;

/// How often in a row the dashboard is started again after it ended by itself, and after which pause.
const RESTARTS_MAX: u32 = 3;
const BEFORE_A_RESTART: Duration = Duration::from_secs(1);

/// A dashboard that ran for so long is not one that can't run.
const RAN_WELL: Duration = Duration::from_secs(60);

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
    let runtime = Runtime::find()?;
    let port = free_port(options.port.unwrap_or(if options.once { 0 } else { PORT }))?;
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
        pause: options.what.pause,
        port,
    };
    let up = Up {
        options,
        runtime,
        settings,
    };
    // Dropped in the middle, whatever runs is ended with it.
    let result = tokio::select! {
        result = up.run(&tracker) => result,
        () = stop.wait() => Ok(None),
    };
    tracker.stop().await;
    result.map(|code| code.unwrap_or(if up.options.once { INTERRUPTED } else { 0 }))
}

struct Up {
    options: UpOptions,
    runtime: Runtime,
    settings: Settings,
}

impl Up {
    /// Until the dashboard can't be kept running, or, with `--once`, until the first collection's exit code is known.
    async fn run(&self, tracker: &Tracker) -> Result<Option<u8>, Error> {
        eprintln!(
            "preparing the database in {}",
            self.settings.storage.directory().display()
        );
        collector::migrate(&self.runtime, &self.settings).await?;
        let server = Server::start(&self.runtime, &self.settings).await?;
        if let Some(days) = self.options.history
            && figures::latest(&self.settings).await?.is_none()
        {
            self.play(days).await?;
        }
        if self.options.once {
            let code = self.collect().await?.code;
            server.stop().await;
            return Ok(Some(code));
        }
        tokio::select! {
            ended = self.keep_serving(server) => Err(ended),
            ended = self.keep_collecting(tracker) => Err(ended),
        }
    }

    /// Collects, says where to look, and collects again, until Rails itself fails at it.
    async fn keep_collecting(&self, tracker: &Tracker) -> Error {
        let mut first = true;
        loop {
            let ended = match self.collect().await {
                Ok(ended) => ended,
                Err(error) => return error,
            };
            let wait = next(self.options.every, ended.retry_at, Timestamp::now());
            if first {
                self.say_where_to_look(tracker);
                first = false;
            }
            eprintln!("The next collection begins {}.", at(wait));
            tokio::time::sleep(wait).await;
        }
    }

    /// One pass, with a bar, and then the table of what is known.
    async fn collect(&self) -> Result<collector::Ended, Error> {
        let progress = Progress::new();
        let result = collector::collect(&self.runtime, &self.settings, &progress).await;
        progress.finish();
        let ended = result?;
        let org = printable(&self.settings.org);
        match figures::latest(&self.settings).await? {
            Some(collection) => print_table(&collection)?,
            None => eprintln!("nothing of {org} was read yet"),
        }
        if let Some(detail) = &ended.detail {
            eprintln!("the collection of {org} was stopped: {}", printable(detail));
        }
        Ok(ended)
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
        eprintln!("playing {days} days of history through the stand-in's clock");
        let result = collector::play(&self.runtime, &self.settings, days, played).await;
        bar.finish_and_clear();
        match result? {
            0 => Ok(()),
            code => Err(Error::new(
                "the history could not be played: see dashboard.log in the storage directory",
                code,
            )),
        }
    }

    /// Starts the dashboard again when it ended by itself, a few times.
    async fn keep_serving(&self, mut server: Server) -> Error {
        let mut restarts = 0;
        loop {
            let began = tokio::time::Instant::now();
            let error = server.ended().await;
            if began.elapsed() > RAN_WELL {
                restarts = 0;
            }
            restarts += 1;
            if restarts > RESTARTS_MAX {
                return error.into();
            }
            eprintln!("{error}\nstarting the dashboard again");
            tokio::time::sleep(BEFORE_A_RESTART).await;
            server = match Server::start(&self.runtime, &self.settings).await {
                Ok(server) => server,
                Err(error) => return error.into(),
            };
        }
    }

    fn say_where_to_look(&self, tracker: &Tracker) {
        eprintln!(
            "\nThe dashboard is at {}/orgs/{} until Ctrl-C; the component at {}.",
            address(self.settings.port),
            crate::measure::component::segment(&self.settings.org),
            tracker.base_url()
        );
        if let Some(stand_in) = tracker.stand_in() {
            eprintln!("{}", words_on_the_stand_in(stand_in));
        }
    }
}

/// How long to wait before the next collection.
fn next(every: Duration, retry_at: Option<Timestamp>, now: Timestamp) -> Duration {
    // One that was stopped goes on as soon as it may.
    let wait = retry_at.map_or(every, |at| {
        Duration::try_from(at.duration_since(now)).unwrap_or_default()
    });
    wait.clamp(Duration::from_secs(1), LONGEST_WAIT)
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
    fn a_stopped_collection_goes_on_when_github_allows_it() {
        let now: Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
        let every = Duration::from_secs(6 * 60 * 60);
        assert_eq!(next(every, None, now), every);
        let in_half_an_hour = "2026-05-10T12:30:00Z".parse().unwrap();
        assert_eq!(next(every, Some(in_half_an_hour), now), Duration::from_secs(30 * 60));
        let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(next(every, Some(long_ago), now), Duration::from_secs(1));
        assert_eq!(next(Duration::ZERO, None, now), Duration::from_secs(1));
        assert_eq!(next(Duration::MAX, None, now), LONGEST_WAIT);
    }
}
