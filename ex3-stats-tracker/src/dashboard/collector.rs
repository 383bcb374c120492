//! Runs a pass in Rails, and reads its events: a line of JSON for each.

use std::{process::ExitStatus, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    error::Error,
    process::Process,
    program::{Program, Stdout},
    runtime::Runtime,
    settings::Settings,
};
use crate::measure::{Kind, Numbers, Observer, Problem};

/// The state of a refused pass: it may not begin yet, or another one is running.
const REFUSED: &str = "refused";

/// Rails' exit codes for a pass that ended or was refused. Others mean that Rails itself failed.
const PASS_EXIT_CODES: [sysexits::ExitCode; 6] = [
    sysexits::ExitCode::Ok,
    sysexits::ExitCode::Usage,
    sysexits::ExitCode::DataErr,
    sysexits::ExitCode::NoInput,
    sysexits::ExitCode::Unavailable,
    sysexits::ExitCode::TempFail,
];

/// Rails' exit codes for an unusable database. Its last line says what to do.
const DATABASE_EXIT_CODES: [sysexits::ExitCode; 4] = [
    sysexits::ExitCode::Usage,
    sysexits::ExitCode::DataErr,
    sysexits::ExitCode::NoInput,
    sysexits::ExitCode::Unavailable,
];

/// The end of a pass, or the reason for which there was none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Rails' exit code: 0 if all packages were read, 65 if some were not, 69 if the pass was stopped or may not begin
    /// yet, 75 if another pass is running.
    pub code: u8,
    /// Whether there was a pass. It may have been stopped early.
    pub passed: bool,
    /// The reason, for programs: a failure's kind, or the reason for the refusal.
    pub reason: Option<String>,
    /// The reason for the stop or the refusal, for people.
    pub detail: Option<String>,
    /// The earliest time for the next request, if GitHub gave one.
    pub retry_at: Option<Timestamp>,
    /// The start of the pass. An earlier run of the program may have started it.
    pub started_at: Option<Timestamp>,
    /// The numbers of packages, if the list was read.
    pub numbers: Option<Numbers>,
}

/// An event on Rails' stdout.
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
        state: String,
        #[serde(default)]
        reason: Option<String>,
        detail: Option<String>,
        retry_at: Option<Timestamp>,
        #[serde(default)]
        started_at: Option<Timestamp>,
        #[serde(flatten)]
        numbers: ReportedNumbers,
    },
    Played {
        pass: u64,
        passes: u64,
        at: Timestamp,
    },
    #[serde(other)]
    Other,
}

/// The numbers of packages in an event. All are null if the list was not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReportedNumbers {
    listed: Option<u64>,
    read: Option<u64>,
    failed: Option<u64>,
    not_asked: Option<u64>,
}

impl ReportedNumbers {
    fn whole(&self) -> Option<Numbers> {
        Some(Numbers {
            listed: self.listed?,
            read: self.read?,
            failed: self.failed?,
            not_asked: self.not_asked?,
        })
    }
}

/// Creates the database, or migrates it to this version's schema.
///
/// # Errors
///
/// If the migration fails.
pub async fn migrate(runtime: &Runtime, settings: &Settings) -> Result<(), Error> {
    let name = "preparing the database";
    let program = Program {
        command: &["bin/rails", "db:prepare"],
        stdout: Stdout::Log,
        socket: None,
        writes: None,
    };
    let mut process = Process::start(name, runtime, &program, settings)?;
    match process.wait().await? {
        status if status.success() => Ok(()),
        status => Err(match (code_among(&DATABASE_EXIT_CODES, status), process.last_line()) {
            (Some(code), said) if !said.is_empty() => Error::Database { said, code },
            _ => process.ended(status),
        }),
    }
}

/// Makes one pass over the organisation's packages, or resumes one that was stopped.
///
/// # Errors
///
/// If Rails itself failed. Failures of packages are not errors: Rails stores them, and [`Ended`] counts them.
pub async fn collect(runtime: &Runtime, settings: &Settings, observer: &impl Observer) -> Result<Ended, Error> {
    let task = format!("stats:collect[{}]", settings.org);
    let mut ended = Ended::default();
    let name = "the collection";
    let (code, said) = run(name, runtime, &task, settings, |event| match event {
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
        Event::Ended {
            state,
            reason,
            detail,
            retry_at,
            started_at,
            numbers,
        } => {
            ended.reason = reason;
            ended.passed = state != REFUSED;
            ended.detail = detail;
            ended.retry_at = retry_at;
            ended.started_at = started_at;
            ended.numbers = numbers.whole();
        }
        Event::Played { .. } | Event::Other => {}
    })
    .await?;
    ended.code = code;
    if !ended.passed && ended.detail.is_none() && !said.is_empty() {
        ended.detail = Some(said);
    }
    Ok(ended)
}

/// Plays days of history with the stand-in's clock. Calls `played` after each pass, with its number, the number of
/// passes and its time. Returns Rails' exit code and its recent output.
///
/// # Errors
///
/// If Rails itself failed, or refused.
pub async fn play(
    runtime: &Runtime,
    settings: &Settings,
    days: u32,
    played: impl Fn(u64, u64, Timestamp),
) -> Result<(u8, String), Error> {
    let task = format!("stats:play[{},{days}]", settings.org);
    let (code, said) = run("playing the history", runtime, &task, settings, |event| {
        if let Event::Played { pass, passes, at } = event {
            played(pass, passes, at);
        }
    })
    .await?;
    Ok((code, said))
}

/// Runs a task to its end, and passes on its events. Returns its exit code and its recent output on stderr.
async fn run(
    name: &'static str,
    runtime: &Runtime,
    task: &str,
    settings: &Settings,
    mut said: impl FnMut(Event),
) -> Result<(u8, String), Error> {
    let program = Program {
        command: &["bin/rails", task],
        stdout: Stdout::Read,
        socket: None,
        writes: None,
    };
    let mut process = Process::start(name, runtime, &program, settings)?;
    let status = process.wait_and_read(|line| {
        // Other lines are output of gems.
        if let Ok(event) = serde_json::from_str(line) {
            said(event);
        }
    });
    let status = status.await?;
    code_among(&PASS_EXIT_CODES, status)
        .map(|code| (code, process.last_line()))
        .ok_or_else(|| process.ended(status))
}

/// The exit code, if it is one of these.
fn code_among(codes: &[sysexits::ExitCode], status: ExitStatus) -> Option<u8> {
    codes
        .iter()
        .map(|code| u8::from(*code))
        .find(|code| status.code() == Some(i32::from(*code)))
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
        assert!(matches!(&ended, Event::Ended { retry_at: Some(_), numbers, .. } if numbers.whole().is_none()));
        let whole = r#"{"event":"ended","state":"finished","detail":null,"retry_at":null,"listed":3,"read":1,"failed":1,
            "not_asked":1,"started_at":"2026-05-10T12:00:00Z"}"#;
        let Event::Ended { numbers, .. } = serde_json::from_str(whole).unwrap() else {
            panic!("it ended");
        };
        let numbers = numbers.whole().unwrap();
        assert_eq!(numbers.listed, numbers.read + numbers.failed + numbers.not_asked);
        let new: Event = serde_json::from_str(r#"{"event":"of a later version","left":3}"#).unwrap();
        assert!(matches!(new, Event::Other));
    }
}
