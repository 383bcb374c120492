//! Errors as RFC 9457 problem details, with a `kind`.

use std::fmt;

use serde::Serialize;

/// The kind of an error, for programs. Each kind has one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// GitHub's rate limit was reached. `retry_after` is the time to wait.
    RateLimited,
    /// GitHub shows no such account or package to the public, or this service has no such path.
    NotFound,
    /// GitHub's page has markup that the parser does not know.
    MarkupChanged,
    /// GitHub could not be reached, answered with a server error, or stopped in the middle of a page.
    Unreachable,
    /// GitHub did not answer within the time limit.
    TimedOut,
    /// A page or a list exceeds its size limit.
    TooLarge,
    /// The request is invalid: a name that no account or package can have, a method that the path does not allow, or a
    /// body that is not a package page.
    BadRequest,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 7] = [
        Kind::RateLimited,
        Kind::NotFound,
        Kind::MarkupChanged,
        Kind::Unreachable,
        Kind::TimedOut,
        Kind::TooLarge,
        Kind::BadRequest,
    ];

    /// The HTTP status of a problem of this kind.
    pub fn status(self) -> u16 {
        match self {
            Kind::RateLimited => 429,
            Kind::NotFound => 404,
            Kind::MarkupChanged | Kind::Unreachable | Kind::TooLarge => 502,
            Kind::TimedOut => 504,
            Kind::BadRequest => 400,
        }
    }

    /// The name of the kind in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::RateLimited => "rate_limited",
            Kind::NotFound => "not_found",
            Kind::MarkupChanged => "markup_changed",
            Kind::Unreachable => "unreachable",
            Kind::TimedOut => "timed_out",
            Kind::TooLarge => "too_large",
            Kind::BadRequest => "bad_request",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An error, as an HTTP response describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind, for programs.
    pub kind: Kind,
    /// The HTTP status. It is the kind's, except for some invalid requests: a method that the path does not allow (405),
    /// and a body that was sent too slowly (408) or is too large (413).
    pub status: u16,
    /// A sentence for people.
    pub detail: String,
    /// The seconds to wait before the next request, if known.
    pub retry_after: Option<u64>,
    /// The methods that the path allows, if the request had another.
    pub allow: Option<&'static str>,
}

impl Problem {
    /// A problem with its kind's status.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            status: kind.status(),
            detail: detail.into(),
            retry_after: None,
            allow: None,
        }
    }

    /// Sets a status other than the kind's.
    pub fn status(self, status: u16) -> Problem {
        Problem { status, ..self }
    }

    /// Sets the time to wait.
    pub fn retry_after(self, seconds: Option<u64>) -> Problem {
        Problem {
            retry_after: seconds,
            ..self
        }
    }

    /// A problem for a method that the path does not allow.
    pub fn method_not_allowed(allow: &'static str) -> Problem {
        let detail = format!("this path takes {allow}");
        Problem {
            allow: Some(allow),
            ..Problem::new(Kind::BadRequest, detail).status(405)
        }
    }

    /// The problem as `application/problem+json`.
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Details<'a> {
            r#type: &'a str,
            title: &'a str,
            status: u16,
            detail: &'a str,
            kind: Kind,
            #[serde(skip_serializing_if = "Option::is_none")]
            retry_after: Option<u64>,
        }
        let details = Details {
            // By RFC 9457, a problem without a URL of its own has this type, and the status' phrase as its title.
            r#type: "about:blank",
            title: reason_phrase(self.status),
            status: self.status,
            detail: &self.detail,
            kind: self.kind,
            retry_after: self.retry_after,
        };
        serde_json::to_vec(&details).expect("strings and numbers always serialise")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.detail)
    }
}

impl std::error::Error for Problem {}

/// The phrase of a status by RFC 9110, for the statuses of this service.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_serialised_as_its_name() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("serialises"), kind.as_str());
            assert_ne!(reason_phrase(kind.status()), "Error", "{kind}");
        }
    }

    /// The phrases of RFC 9110.
    #[test]
    fn a_title_is_the_phrase_of_its_status() {
        for (status, phrase) in [
            (400, "Bad Request"),
            (404, "Not Found"),
            (405, "Method Not Allowed"),
            (408, "Request Timeout"),
            (413, "Content Too Large"),
            (429, "Too Many Requests"),
            (502, "Bad Gateway"),
            (504, "Gateway Timeout"),
        ] {
            let json = Problem::new(Kind::BadRequest, "x").status(status).to_json();
            let value: serde_json::Value = serde_json::from_slice(&json).expect("valid JSON");
            assert_eq!(value["title"], phrase, "{status}");
        }
    }

    #[test]
    fn a_problem_is_printed_with_its_kind() {
        let problem = Problem::new(Kind::NotFound, "GitHub shows nobody this package");
        assert_eq!(problem.to_string(), "not_found: GitHub shows nobody this package");
    }

    #[test]
    fn a_hostile_detail_is_escaped() {
        let detail = "\"}\n\u{0}\u{2028}</script>";
        let json = Problem::new(Kind::BadRequest, detail).to_json();
        let value: serde_json::Value = serde_json::from_slice(&json).expect("valid JSON");
        assert_eq!(value["detail"], detail);
        assert_eq!(value.get("retry_after"), None);
    }
}
