//! Simulated failures.

use std::{
    fmt::{self, Display},
    str::FromStr,
    sync::Mutex,
    time::Duration,
};

use crate::pages::Change;

/// A failure that replaces or changes a response.
///
/// The syntax is a word, for some faults with a number after a colon: `429:2`, `slow-body:250`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `404`: the page for a private or missing package.
    NotFound,
    /// `429` or `429:SECONDS`: the rate limit's page, without or with `Retry-After`.
    RateLimited {
        /// The value of `Retry-After` in seconds.
        retry_after: Option<u32>,
    },
    /// `403`: the rate limit's page with status 403.
    Forbidden,
    /// `500`, `502`, `503`, …: the page of a server error.
    Server(u16),
    /// `slow-first-byte` or `slow-first-byte:MILLISECONDS`: a wait before the response.
    SlowFirstByte(Duration),
    /// `slow-body` or `slow-body:MILLISECONDS`: a pause after each kilobyte of the body.
    SlowBody(Duration),
    /// `cut-body`: half of the `Content-Length`, then the connection is closed.
    CutBody,
    /// `cut-chunked`: half of the page in chunks, then the connection is closed without the last chunk.
    CutChunked,
    /// `disconnect`: the connection is closed without a response.
    Disconnect,
    /// `gzip`: compressed, also if the client does not accept it.
    Gzip,
    /// `gzip-cut`: the first half of the compressed page, with a matching length.
    GzipCut,
    /// `gzip-bomb`: a megabyte that decompresses to a gigabyte.
    GzipBomb,
    /// `label-renamed`, `title-dropped`, `title-rounded`, `title-empty`, `title-too-large`, `bar-not-a-number`: a
    /// package's page with changed markup.
    Markup(Change),
    /// `no-chart`: a package's page without the last 30 days. It is no failure, because it has the total.
    NoChart,
    /// `login`: a redirect to the login form.
    Login,
    /// `redirect-loop`: a redirect to the same address.
    RedirectLoop,
    /// `redirect-elsewhere`: a redirect to another host, which no client may follow.
    RedirectElsewhere,
    /// `endless`: a page that never ends.
    Endless,
    /// `empty`: status 200 and an empty body.
    Empty,
    /// `binary`: status 200 and bytes that are no text.
    Binary,
    /// `utf-16`: the page in another encoding than the headers say.
    Utf16,
    /// `vanished`: not found, and not in the list any more.
    Vanished,
    /// `list-shrinks`: the first package of a list is deleted before the request of page 2. Page 1 shows it, and the
    /// later pages are those of a list without it.
    ListShrinks,
    /// `list-grows`: a package is published before the request of page 2. Page 1 lacks it, and the later pages are
    /// those of a list that begins with it.
    ListGrows,
    /// `heading-off`: a list whose heading counts one package more than its pages show.
    HeadingOff,
    /// `falling-total`: the page with nine tenths of the total. It is no failure: a client must accept it.
    FallingTotal,
}

impl Fault {
    /// Whether it does not apply to the first page of a list, whose requests it also does not count.
    fn skips_the_first_page(self) -> bool {
        matches!(self, Fault::ListShrinks | Fault::ListGrows)
    }
}

/// The default of `slow-first-byte`: longer than any client waits.
const VERY_LONG: Duration = Duration::from_secs(24 * 3_600);

/// The default of `slow-body`: a page of 237 KB takes four minutes.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

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

/// The syntax of all faults, for help texts.
pub const SYNTAX: &str = "404, 429[:RETRY_AFTER_SECONDS], 403, 500 to 599, slow-first-byte[:MILLISECONDS], \
    slow-body[:MILLISECONDS], cut-body, cut-chunked, disconnect, gzip, gzip-cut, gzip-bomb, label-renamed, \
    title-dropped, title-rounded, title-empty, title-too-large, bar-not-a-number, no-chart, login, redirect-loop, \
    redirect-elsewhere, endless, empty, binary, utf-16, vanished, list-shrinks, list-grows, heading-off, falling-total";

/// The text is not one of [`SYNTAX`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fault; the faults are {SYNTAX}")]
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
            ("slow-body", _) => return Ok(Self::SlowBody(duration.unwrap_or(DEFAULT_PAUSE))),
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
            Self::SlowBody(DEFAULT_PAUSE) => out.write_str("slow-body"),
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

/// The active faults, the newest last. The newest that matches a request is applied.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Set>>);

#[derive(Clone, Debug)]
struct Set {
    target: String,
    fault: Fault,
    /// The number of requests that are still answered without it.
    before: u32,
    /// The number of remaining requests; `None` for all.
    left: Option<u32>,
}

impl Faults {
    /// Replaces the faults of the target.
    pub(crate) fn set(&self, fault: TargetedFault) {
        self.lock().retain(|set| set.target != fault.target);
        self.add(fault);
    }

    /// Adds a fault to those of its target.
    pub(crate) fn add(&self, fault: TargetedFault) {
        self.lock().push(Set {
            target: fault.target,
            fault: fault.fault,
            before: fault.after,
            left: fault.count,
        });
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The fault for a request. It is counted.
    ///
    /// The target `*` matches every request, a target that begins with `/` matches a path, and any other a package.
    /// `page` is the number of a list's page.
    pub(crate) fn take(&self, path: &str, page: u32, package: Option<&str>) -> Option<Fault> {
        let mut applied = None;
        for set in self.lock().iter_mut().rev() {
            let matches = set.left != Some(0)
                && !(page <= 1 && set.fault.skips_the_first_page())
                && (set.target == "*" || set.target == path || package.is_some_and(|package| set.target == package));
            if !matches {
                continue;
            }
            // Requests are counted also where another fault answers them: "after 30 requests" means 30 of its target.
            if set.before > 0 {
                set.before -= 1;
            } else if applied.is_none() {
                applied = Some(set.fault);
                if let Some(left) = &mut set.left {
                    *left -= 1;
                }
            }
        }
        applied
    }

    /// Whether a package is missing in the lists.
    pub(crate) fn vanished(&self, package: &str) -> bool {
        self.lock()
            .iter()
            .any(|set| set.target == package && set.fault == Fault::Vanished && set.before == 0 && set.left != Some(0))
    }

    /// Each fault as `TARGET=FAULT`, with the number of requests before it, and of those that it has left.
    pub(crate) fn list(&self) -> Vec<(String, u32, Option<u32>)> {
        self.lock()
            .iter()
            .map(|set| (format!("{}={}", set.target, set.fault), set.before, set.left))
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Set>> {
        self.0.lock().expect("no code panics while it holds the faults")
    }
}

/// A fault with its target, in the syntax `TARGET=FAULT`, with `*COUNT`, `@AFTER` or both (`*COUNT@AFTER`) behind it.
///
/// The target is a package's name, a path (`/orgs/fluxcd/packages`), or `*` for every request. The count is the number
/// of requests with the fault; without it all requests have the fault, from the one on that comes after AFTER others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetedFault {
    /// A package, a path or `*`.
    pub target: String,
    /// The fault.
    pub fault: Fault,
    /// The number of requests; `None` for all.
    pub count: Option<u32>,
    /// The number of requests of the target that come before those with the fault.
    pub after: u32,
}

/// The text is not a [`TargetedFault`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum ParseError {
    #[error("`{0}` has no `=`; write PACKAGE=FAULT, such as source-controller=429:2")]
    NoTarget(String),
    #[error("`{0}` has no count after its `*`; write PACKAGE=FAULT*COUNT")]
    Count(String),
    #[error("`{0}` has no count after its `@`; write PACKAGE=FAULT@AFTER or PACKAGE=FAULT*COUNT@AFTER")]
    After(String),
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
        let (rest, after) = match rest.split_once('@') {
            Some((rest, after)) => (rest, after.parse().map_err(|_| ParseError::After(text.into()))?),
            None => (rest, 0),
        };
        let (fault, count) = match rest.split_once('*') {
            Some((fault, count)) => (fault, Some(count.parse().map_err(|_| ParseError::Count(text.into()))?)),
            None => (rest, None),
        };
        Ok(Self {
            target: target.into(),
            fault: fault.parse()?,
            count,
            after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_displayed_in_the_syntax_that_is_parsed() {
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
    fn a_target_ends_at_the_last_equals_sign() {
        assert_eq!(
            "charts/flagger=429:2*3".parse(),
            Ok(TargetedFault {
                target: "charts/flagger".into(),
                fault: Fault::RateLimited { retry_after: Some(2) },
                count: Some(3),
                after: 0
            })
        );
        let late = "flagger=404*3@30".parse::<TargetedFault>().unwrap();
        assert_eq!((late.fault, late.count, late.after), (Fault::NotFound, Some(3), 30));
        assert_eq!("flagger=404@30".parse::<TargetedFault>().unwrap().after, 30);
        assert_eq!("*=404".parse::<TargetedFault>().unwrap().target, "*");
        for text in [
            "flagger",
            "=404",
            "flagger=",
            "flagger=404*",
            "flagger=404*x",
            "flagger=404@",
            "flagger=404@3*2",
        ] {
            assert!(text.parse::<TargetedFault>().is_err(), "{text}");
        }
    }

    fn set(faults: &Faults, target: &str, fault: Fault, count: Option<u32>) {
        faults.set(TargetedFault {
            target: target.into(),
            fault,
            count,
            after: 0,
        });
    }

    #[test]
    fn a_fault_begins_after_its_number_of_requests() {
        let faults = Faults::default();
        for text in ["flux=falling-total@3", "flux=404*2@1", "flux=vanished@9"] {
            faults.add(text.parse().unwrap());
        }
        let taken: Vec<_> = (0..5).map(|_| faults.take("/a", 1, Some("flux"))).collect();
        let (absent, falling) = (Some(Fault::NotFound), Some(Fault::FallingTotal));
        // The fall was to begin with the fourth request, also while the page was not found.
        assert_eq!(taken, [None, absent, absent, falling, falling]);
        assert!(!faults.vanished("flux"), "it vanishes only after four more requests");
    }

    #[test]
    fn a_fault_applies_to_its_number_of_requests() {
        let faults = Faults::default();
        set(&faults, "flagger", Fault::NotFound, Some(2));
        assert_eq!(faults.take("/a", 1, Some("flux")), None);
        assert_eq!(faults.take("/a", 1, Some("flagger")), Some(Fault::NotFound));
        assert_eq!(faults.take("/a", 1, Some("flagger")), Some(Fault::NotFound));
        assert_eq!(faults.take("/a", 1, Some("flagger")), None);
        set(&faults, "/a", Fault::Empty, None);
        assert_eq!(faults.take("/a", 1, None), Some(Fault::Empty));
        set(&faults, "*", Fault::Binary, Some(1));
        assert_eq!(faults.take("/b", 1, None), Some(Fault::Binary));
        assert_eq!(faults.take("/a", 1, None), Some(Fault::Empty));
        set(&faults, "/a", Fault::ListShrinks, Some(1));
        assert_eq!(faults.take("/a", 1, None), None);
        assert_eq!(faults.take("/a", 2, None), Some(Fault::ListShrinks));
        assert_eq!(faults.take("/a", 2, None), None);
        faults.clear();
        assert_eq!(faults.take("/a", 1, None), None);
    }
}
