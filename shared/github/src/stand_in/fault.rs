//! What can go wrong, on demand.

use std::{
    fmt::{self, Display},
    str::FromStr,
    sync::Mutex,
    time::Duration,
};

use crate::pages::Change;

/// A failure that an address shows instead of, or on, its page.
///
/// Each is written as a word, some with a number after a colon: `429:2`, `slow-body:250`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `404`: as if private or not there.
    NotFound,
    /// `429` or `429:SECONDS`: the rate limit's page, without or with `Retry-After`.
    RateLimited {
        /// Seconds in `Retry-After`.
        retry_after: Option<u32>,
    },
    /// `403`: the other wording of the rate limit's page, with status 403.
    Forbidden,
    /// `500`, `502`, `503`, …: a short page of a server's failure.
    Server(u16),
    /// `slow-first-byte` or `slow-first-byte:MILLISECONDS`: nothing for so long, then the page.
    SlowFirstByte(Duration),
    /// `slow-body` or `slow-body:MILLISECONDS`: a kilobyte, then so long a pause, and so on.
    SlowBody(Duration),
    /// `cut-body`: half of what `Content-Length` promises, then the connection ends.
    CutBody,
    /// `cut-chunked`: half of the page in chunks, then the connection ends without the last chunk.
    CutChunked,
    /// `disconnect`: the connection ends without an answer.
    Disconnect,
    /// `gzip`: compressed, whether or not it was asked for.
    Gzip,
    /// `gzip-cut`: compressed, and only the first half of it, with a length that fits.
    GzipCut,
    /// `gzip-bomb`: a megabyte that unpacks to a gigabyte.
    GzipBomb,
    /// `label-renamed`, `title-dropped`, `title-rounded`, `title-empty`, `title-too-large`, `bar-not-a-number`: a
    /// package's page with its markup changed.
    Markup(Change),
    /// `no-chart`: a package's page without the last 30 days. Not a failure: the total is there.
    NoChart,
    /// `login`: a redirect to the login form.
    Login,
    /// `redirect-loop`: a redirect to the same address.
    RedirectLoop,
    /// `redirect-elsewhere`: a redirect to another host, which nobody may follow.
    RedirectElsewhere,
    /// `endless`: a page that never ends.
    Endless,
    /// `empty`: status 200 and nothing.
    Empty,
    /// `binary`: status 200 and bytes that are no text.
    Binary,
    /// `utf-16`: the page in another encoding than it says.
    Utf16,
    /// `vanished`: not found, and no longer in the list.
    Vanished,
    /// `list-shrinks`: the first package of a list is deleted before its second page is asked for. Page 1 shows it, and
    /// every later page is that of a list without it.
    ListShrinks,
    /// `list-grows`: a package is published before the second page of a list is asked for. Page 1 lacks it, and every
    /// later page is that of a list which begins with it.
    ListGrows,
    /// `heading-off`: a list whose heading counts a package more than its pages show.
    HeadingOff,
    /// `falling-total`: the page, with nine tenths of the total. Not a failure of reading: it is what GitHub says.
    FallingTotal,
}

impl Fault {
    /// Whether it is none of a list's first page, nor counted there.
    fn spares_the_first_page(self) -> bool {
        matches!(self, Fault::ListShrinks | Fault::ListGrows)
    }
}

/// Longer than anyone waits.
const VERY_LONG: Duration = Duration::from_secs(24 * 3_600);

/// So that a page of 237 KB takes four minutes.
const TRICKLE: Duration = Duration::from_secs(1);

const CHANGES: [(&str, Change); 6] = [
    ("label-renamed", Change::LabelRenamed),
    ("title-dropped", Change::TitleDropped),
    ("title-rounded", Change::TitleRounded),
    ("title-empty", Change::TitleEmpty),
    ("title-too-large", Change::TitleTooLarge),
    ("bar-not-a-number", Change::BarNotANumber),
];

const PLAIN: [(&str, Fault); 20] = [
    ("404", Fault::NotFound),
    ("403", Fault::Forbidden),
    ("cut-body", Fault::CutBody),
    ("cut-chunked", Fault::CutChunked),
    ("disconnect", Fault::Disconnect),
    ("gzip", Fault::Gzip),
    ("gzip-cut", Fault::GzipCut),
    ("gzip-bomb", Fault::GzipBomb),
    ("no-chart", Fault::NoChart),
    ("login", Fault::Login),
    ("redirect-loop", Fault::RedirectLoop),
    ("redirect-elsewhere", Fault::RedirectElsewhere),
    ("endless", Fault::Endless),
    ("empty", Fault::Empty),
    ("binary", Fault::Binary),
    ("utf-16", Fault::Utf16),
    ("vanished", Fault::Vanished),
    ("list-shrinks", Fault::ListShrinks),
    ("list-grows", Fault::ListGrows),
    ("heading-off", Fault::HeadingOff),
];

/// How faults are written, for help texts.
pub const SYNTAX: &str = "404, 429[:RETRY_AFTER_SECONDS], 403, 500 to 599, slow-first-byte[:MILLISECONDS], \
    slow-body[:MILLISECONDS], cut-body, cut-chunked, disconnect, gzip, gzip-cut, gzip-bomb, label-renamed, \
    title-dropped, title-rounded, title-empty, title-too-large, bar-not-a-number, no-chart, login, redirect-loop, \
    redirect-elsewhere, endless, empty, binary, utf-16, vanished, list-shrinks, list-grows, heading-off, falling-total";

/// The text is not one of [`SYNTAX`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no fault; the faults are {SYNTAX}")]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault(text.chars().take(100).collect());
        let (word, number) = match text.split_once(':') {
            Some((word, number)) => (word, Some(number.parse::<u32>().map_err(|_| unknown())?)),
            None => (text, None),
        };
        let duration = number.map(|milliseconds| Duration::from_millis(milliseconds.into()));
        match (word, number) {
            ("429", retry_after) => return Ok(Self::RateLimited { retry_after }),
            ("slow-first-byte", _) => return Ok(Self::SlowFirstByte(duration.unwrap_or(VERY_LONG))),
            ("slow-body", _) => return Ok(Self::SlowBody(duration.unwrap_or(TRICKLE))),
            ("falling-total", None) => return Ok(Self::FallingTotal),
            (_, Some(_)) => return Err(unknown()),
            _ => {}
        }
        if let Some((_, change)) = CHANGES.iter().find(|(name, _)| *name == word) {
            return Ok(Self::Markup(*change));
        }
        if let Some((_, fault)) = PLAIN.iter().find(|(name, _)| *name == word) {
            return Ok(*fault);
        }
        match word.parse() {
            Ok(status @ 500..=599) => Ok(Self::Server(status)),
            _ => Err(unknown()),
        }
    }
}

impl Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited {
                retry_after: Some(seconds),
            } => write!(out, "429:{seconds}"),
            Self::RateLimited { retry_after: None } => out.write_str("429"),
            Self::Server(status) => write!(out, "{status}"),
            Self::SlowFirstByte(VERY_LONG) => out.write_str("slow-first-byte"),
            Self::SlowFirstByte(duration) => write!(out, "slow-first-byte:{}", duration.as_millis()),
            Self::SlowBody(TRICKLE) => out.write_str("slow-body"),
            Self::SlowBody(duration) => write!(out, "slow-body:{}", duration.as_millis()),
            Self::FallingTotal => out.write_str("falling-total"),
            Self::Markup(wanted) => {
                let named = CHANGES.iter().find(|(_, change)| change == wanted);
                out.write_str(named.expect("every change has a name").0)
            }
            wanted => {
                let named = PLAIN.iter().find(|(_, fault)| fault == wanted);
                out.write_str(named.expect("every plain fault has a name").0)
            }
        }
    }
}

/// The faults that are set, the newest first to be looked at.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Set>>);

#[derive(Clone, Debug)]
struct Set {
    target: String,
    fault: Fault,
    /// How many requests it is still for; `None`: all.
    left: Option<u32>,
}

impl Faults {
    pub(crate) fn set(&self, target: &str, fault: Fault, count: Option<u32>) {
        let mut faults = self.lock();
        faults.retain(|set| set.target != target);
        faults.push(Set {
            target: target.into(),
            fault,
            left: count,
        });
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The fault for a request, which is counted.
    ///
    /// `*` is meant for every request, what begins with `/` for a path, and anything else for a package; `page` is the
    /// number of a list's page.
    pub(crate) fn take(&self, path: &str, page: u32, package: Option<&str>) -> Option<Fault> {
        let mut faults = self.lock();
        let set = faults.iter_mut().rev().find(|set| {
            set.left != Some(0)
                && !(page <= 1 && set.fault.spares_the_first_page())
                && (set.target == "*" || set.target == path || package.is_some_and(|package| set.target == package))
        })?;
        if let Some(left) = &mut set.left {
            *left -= 1;
        }
        Some(set.fault)
    }

    /// Whether a package is gone from the lists.
    pub(crate) fn vanished(&self, package: &str) -> bool {
        self.lock()
            .iter()
            .any(|set| set.target == package && set.fault == Fault::Vanished && set.left != Some(0))
    }

    /// `TARGET=FAULT` and how many requests are left, for each.
    pub(crate) fn list(&self) -> Vec<(String, Option<u32>)> {
        self.lock()
            .iter()
            .map(|set| (format!("{}={}", set.target, set.fault), set.left))
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Set>> {
        self.0.lock().expect("no code panics while it holds the faults")
    }
}

/// A fault with its target, as it is written on a command line: `TARGET=FAULT` or `TARGET=FAULT*COUNT`.
///
/// The target is a package's name, a path (`/orgs/fluxcd/packages`) or `*` for every request; the count is the number
/// of requests it is for, all without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetedFault {
    /// A package, a path or `*`.
    pub target: String,
    /// What goes wrong there.
    pub fault: Fault,
    /// For how many requests.
    pub count: Option<u32>,
}

/// The text is not a [`TargetedFault`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ParseError {
    #[error("`{0}` has no `=`; write PACKAGE=FAULT, such as source-controller=429:2")]
    NoTarget(String),
    #[error("`{0}` has no count after its `*`; write PACKAGE=FAULT*COUNT")]
    Count(String),
    #[error(transparent)]
    Fault(#[from] UnknownFault),
}

impl FromStr for TargetedFault {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (target, rest) = text
            .rsplit_once('=')
            .filter(|(target, _)| !target.is_empty())
            .ok_or_else(|| ParseError::NoTarget(text.into()))?;
        let (fault, count) = match rest.split_once('*') {
            Some((fault, count)) => (fault, Some(count.parse().map_err(|_| ParseError::Count(text.into()))?)),
            None => (rest, None),
        };
        Ok(Self {
            target: target.into(),
            fault: fault.parse()?,
            count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_written_as_it_is_read() {
        for text in SYNTAX.split(", ") {
            let text = match text {
                "500 to 599" => "503".to_string(),
                text => text.split('[').next().unwrap().to_string(),
            };
            let fault: Fault = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(fault.to_string(), text);
        }
        for text in ["429:7", "slow-first-byte:250", "slow-body:10"] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "200",
            "499",
            "600",
            "404:1",
            "429:",
            "429:-1",
            "slow-body:x",
            "Empty",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_may_hold_anything_but_the_last_equals_sign() {
        assert_eq!(
            "charts/flagger=429:2*3".parse(),
            Ok(TargetedFault {
                target: "charts/flagger".into(),
                fault: Fault::RateLimited { retry_after: Some(2) },
                count: Some(3)
            })
        );
        assert_eq!("*=404".parse::<TargetedFault>().unwrap().target, "*");
        for text in ["flagger", "=404", "flagger=", "flagger=404*", "flagger=404*x"] {
            assert!(text.parse::<TargetedFault>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_fault_lasts_as_many_requests_as_it_was_set_for() {
        let faults = Faults::default();
        faults.set("flagger", Fault::NotFound, Some(2));
        assert_eq!(faults.take("/a", 1, Some("flux")), None);
        assert_eq!(faults.take("/a", 1, Some("flagger")), Some(Fault::NotFound));
        assert_eq!(faults.take("/a", 1, Some("flagger")), Some(Fault::NotFound));
        assert_eq!(faults.take("/a", 1, Some("flagger")), None);
        faults.set("/a", Fault::Empty, None);
        assert_eq!(faults.take("/a", 1, None), Some(Fault::Empty));
        faults.set("*", Fault::Binary, Some(1));
        assert_eq!(faults.take("/b", 1, None), Some(Fault::Binary));
        assert_eq!(faults.take("/a", 1, None), Some(Fault::Empty));
        faults.set("/a", Fault::ListShrinks, Some(1));
        assert_eq!(faults.take("/a", 1, None), None);
        assert_eq!(faults.take("/a", 2, None), Some(Fault::ListShrinks));
        assert_eq!(faults.take("/a", 2, None), None);
        faults.clear();
        assert_eq!(faults.take("/a", 1, None), None);
    }
}
