//! The service's HTTP responses: a status, headers and a JSON body.

use std::time::SystemTime;

use ex2_parser::{DailyDownloads, Package};
use serde::Serialize;

use crate::name::PackageName;
use crate::problem::Problem;

/// The media type of a response without an error.
pub const JSON: &str = "application/json";

/// The media type of problem details, by RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers: names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, which is JSON.
    pub body: Vec<u8>,
}

impl Answer {
    /// A response with the status 200 and `value` as JSON.
    pub fn ok(value: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(value).expect("strings, numbers and lists of them always serialise");
        Answer::new(200, JSON, body)
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    fn new(status: u16, media_type: &str, body: Vec<u8>) -> Answer {
        let headers = vec![
            ("content-type", media_type.to_owned()),
            ("content-length", body.len().to_string()),
            // Counts change all the time, so a response must not be cached.
            ("cache-control", "no-store".to_owned()),
        ];
        Answer { status, headers, body }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Answer {
        let mut answer = Answer::new(problem.status, PROBLEM_JSON, problem.to_json());
        answer
            .headers
            .extend(problem.retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        answer
            .headers
            .extend(problem.allow.map(|methods| ("allow", methods.to_owned())));
        answer
    }
}

/// A package's counts at a point in time: the body of `/orgs/{org}/packages/{name}`.
#[derive(Serialize)]
pub(crate) struct Measurement<'a> {
    name: &'a str,
    total: u64,
    daily: &'a [DailyDownloads],
    measured_at: String,
}

impl<'a> Measurement<'a> {
    pub(crate) fn new(name: &'a PackageName, package: &'a Package, at: SystemTime) -> Measurement<'a> {
        Measurement {
            name: name.as_str(),
            total: package.total,
            daily: &package.daily,
            measured_at: rfc3339(at),
        }
    }
}

/// The body of `/healthz`.
#[derive(Serialize)]
pub(crate) struct Health {
    pub(crate) status: &'static str,
}

/// Formats a time as RFC 3339, in UTC and whole seconds: `2026-05-10T12:34:56Z`.
fn rfc3339(time: SystemTime) -> String {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}
