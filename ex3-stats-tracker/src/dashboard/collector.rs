//! One pass, made by Rails, and what it says on the way: a line of JSON for each event.

use std::{process::ExitStatus, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    Error, Runtime, Settings,
    process::{Process, Stdout},
};
use crate::measure::{Kind, Observer, Problem};

/// The exit codes by which Rails says how a pass ended; others mean that it failed itself.
const OF_A_PASS: [sysexits::ExitCode; 5] = [
    sysexits::ExitCode::Ok,
    sysexits::ExitCode::Usage,
    sysexits::ExitCode::DataErr,
    sysexits::ExitCode::Unavailable,
    sysexits::ExitCode::TempFail,
];

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Rails' exit code: 0 where all was read, 65 or 69 where something was not, 75 where another pass is running.
    pub code: u8,
    /// Why it was stopped, for people.
    pub detail: Option<String>,
    /// When it makes sense to go on, where GitHub said so.
    pub retry_at: Option<Timestamp>,
}

/// What Rails says on stdout.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Listed {
        left: usize,
    },
    Package {
        name: String,
        total: Option<u64>,
    },
    Waiting {
        kind: String,
        detail: String,
        seconds: f64,
    },
    Ended {
        detail: Option<String>,
        retry_at: Option<Timestamp>,
    },
    Played {
        pass: u64,
        passes: u64,
        at: Timestamp,
    },
    #[serde(other)]
    Other,
}

/// Makes the database what this version of Rails expects.
///
/// # Errors
///
/// It can't be made so.
pub async fn migrate(runtime: &Runtime, settings: &Settings) -> Result<(), Error> {
    let name = "preparing the database";
    let mut process = Process::start(name, runtime, &["bin/rails", "db:prepare"], settings, Stdout::Log)?;
    match status(&mut process, name).await? {
        status if status.success() => Ok(()),
        status => Err(process.ended(status)),
    }
}

/// Makes one pass over the organisation's packages, or goes on with one that was stopped.
///
/// # Errors
///
/// Rails itself failed. What could not be read is no error, but in [`Ended`] and stored.
pub async fn collect(runtime: &Runtime, settings: &Settings, observer: &impl Observer) -> Result<Ended, Error> {
    let task = format!("stats:collect[{}]", settings.org);
    let mut ended = Ended {
        code: 0,
        detail: None,
        retry_at: None,
    };
    let name = "the collection";
    let status = run(name, runtime, &task, settings, |event| match event {
        Event::Listed { left } => observer.listed(left),
        Event::Package { name, total } => {
            observer.asking(&name);
            observer.answered(total.is_some());
        }
        Event::Waiting { kind, detail, seconds } => {
            let kind = serde_json::from_value(kind.into()).unwrap_or(Kind::ComponentFailed);
            let delay = Duration::try_from_secs_f64(seconds).unwrap_or_default();
            observer.waiting(&Problem::new(kind, detail), delay);
        }
        Event::Ended { detail, retry_at } => {
            ended.detail = detail;
            ended.retry_at = retry_at;
        }
        Event::Played { .. } | Event::Other => {}
    })
    .await?;
    ended.code = status;
    Ok(ended)
}

/// Plays so many days of history through the stand-in's clock; `played` is told which pass of how many was made, and
/// of which time.
///
/// # Errors
///
/// Rails itself failed, or refused.
pub async fn play(
    runtime: &Runtime,
    settings: &Settings,
    days: u32,
    played: impl Fn(u64, u64, Timestamp),
) -> Result<u8, Error> {
    let task = format!("stats:play[{},{days}]", settings.org);
    run("playing the history", runtime, &task, settings, |event| {
        if let Event::Played { pass, passes, at } = event {
            played(pass, passes, at);
        }
    })
    .await
}

/// Runs a task to its end and hands on what it says.
async fn run(
    name: &'static str,
    runtime: &Runtime,
    task: &str,
    settings: &Settings,
    mut said: impl FnMut(Event),
) -> Result<u8, Error> {
    let mut process = Process::start(name, runtime, &["bin/rails", task], settings, Stdout::Read)?;
    if let Some(stdout) = process.stdout() {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            // What a gem prints is no event.
            if let Ok(event) = serde_json::from_str(&line) {
                said(event);
            }
        }
    }
    let status = status(&mut process, name).await?;
    OF_A_PASS
        .into_iter()
        .map(u8::from)
        .find(|code| status.code() == Some(i32::from(*code)))
        .ok_or_else(|| process.ended(status))
}

async fn status(process: &mut Process, name: &str) -> Result<ExitStatus, Error> {
    process.wait().await.map_err(|error| Error::Start {
        program: name.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_what_rails_says() {
        let read: Event = serde_json::from_str(r#"{"event":"package","name":"charts/flagger","total":7}"#).unwrap();
        assert!(matches!(read, Event::Package { name, total: Some(7) } if name == "charts/flagger"));
        let failed: Event =
            serde_json::from_str(r#"{"event":"package","name":"a","kind":"not_found","detail":"gone"}"#).unwrap();
        assert!(matches!(failed, Event::Package { total: None, .. }));
        let ended = r#"{"event":"ended","org":"a","state":"stopped","reason":"rate_limited","detail":"later",
            "retry_at":"2026-05-10T12:30:00Z","read":1,"failed":0,"total":7,"seconds":0.5}"#;
        let ended: Event = serde_json::from_str(ended).unwrap();
        assert!(matches!(ended, Event::Ended { retry_at: Some(_), .. }));
        let new: Event = serde_json::from_str(r#"{"event":"of a later version","left":3}"#).unwrap();
        assert!(matches!(new, Event::Other));
    }
}
