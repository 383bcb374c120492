//! Requests to GitHub: follows redirects, recognises refusals, and tries the possible URLs of a package. The parser reads
//! the contents of the pages.

use std::fmt::Display;
use std::time::SystemTime;

use ex2_parser::stream::{PackageListParser, PackageParser, VersionListParser};
use ex2_parser::{ListedPackage, Package, Version};

use crate::address::{self, Hints, OwnerKind};
use crate::fetch::{Body, Fetch, Interruption, Response};
use crate::name::{Owner, PackageName};
use crate::page::{self, PAGE_MAX_BYTES, Parser};
use crate::problem::{Kind, Problem};
use crate::settings::Settings;

/// The most redirects that are followed for one page. A renamed repository in a renamed organisation takes two.
pub const REDIRECTS_MAX: usize = 3;

/// The wait in seconds after a refusal without `Retry-After`: half an hour, as one of GitHub's engineers advises.
pub const RETRY_AFTER_DEFAULT: u64 = 30 * 60;

/// The longest accepted `Retry-After` in seconds. A wait of a day loses no history, since a page has thirty days. Without
/// a limit, a wrong header could stop the tracker for ever.
pub const RETRY_AFTER_MAX: u64 = 24 * 60 * 60;

/// GitHub, reached through `fetch`.
#[derive(Clone, Debug)]
pub struct GitHub<F> {
    /// The way to fetch pages.
    pub fetch: F,
    /// GitHub's URL, and the tracker's User-Agent.
    pub settings: Settings,
    /// The wall clock.
    pub now: fn() -> SystemTime,
}

/// The contents of a page, and the time of the fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<T> {
    /// The contents.
    pub value: T,
    /// The time at which GitHub's response began to arrive.
    pub at: SystemTime,
}

/// The reason for which a page was not read: it is missing (and may be at another URL), or a problem.
#[derive(Debug)]
pub(crate) enum Refusal {
    Missing,
    Problem(Problem),
}

impl Refusal {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Refusal {
        Refusal::Problem(Problem::new(kind, detail))
    }
}

impl<F: Fetch> GitHub<F> {
    /// The container packages of an account, from all pages of the list, and the kind of the account.
    ///
    /// # Errors
    ///
    /// See [`Kind`]. An incomplete list is an error.
    pub async fn packages(&self, owner: &Owner) -> Result<(Vec<ListedPackage>, OwnerKind), Problem> {
        for kind in OwnerKind::ALL {
            let address = |page| address::package_list(kind, owner, page);
            match self.list(address, PackageListParser::new).await {
                Err(Refusal::Missing) => {}
                Err(Refusal::Problem(problem)) => return Err(problem),
                Ok(packages) => return Ok((packages, kind)),
            }
        }
        Err(not_public(format_args!("an account called {owner}")))
    }

    /// The total and the daily downloads of one package.
    ///
    /// # Errors
    ///
    /// See [`Kind`].
    pub async fn package(&self, owner: &Owner, name: &PackageName, hints: &Hints) -> Result<Reading<Package>, Problem> {
        for address in address::package(owner, name, hints) {
            match self.read(&address, PackageParser::new()).await {
                Err(Refusal::Missing) => {}
                Err(Refusal::Problem(problem)) => return Err(problem),
                Ok(package) => return Ok(package),
            }
        }
        Err(not_public(format_args!(
            "a container package {} of {owner}",
            name.as_str()
        )))
    }

    /// A package's tagged versions, from all pages of the list.
    ///
    /// # Errors
    ///
    /// See [`Kind`]. An incomplete list is an error. A missing list of versions does not mean that the package is gone.
    pub async fn versions(&self, owner: &Owner, name: &PackageName, hints: &Hints) -> Result<Vec<Version>, Problem> {
        for address in address::version_list(owner, name, hints) {
            let address = |page| format!("{address}&page={page}");
            match self.list(address, VersionListParser::new).await {
                Err(Refusal::Missing) => {}
                Err(Refusal::Problem(problem)) => return Err(problem),
                Ok(versions) => return Ok(versions),
            }
        }
        Err(not_public(format_args!(
            "a list of versions of the container package {} of {owner}",
            name.as_str()
        )))
    }

    /// Reads the page at `address`, a path and query on GitHub, with `parser`.
    pub(crate) async fn read<P: Parser>(&self, address: &str, parser: P) -> Result<Reading<P::Output>, Refusal> {
        let headers = [
            ("accept", "text/html"),
            ("accept-encoding", "gzip"),
            ("user-agent", self.settings.user_agent.as_str()),
        ];
        let mut url = format!("{}{address}", self.settings.base_url);
        for _ in 0..=REDIRECTS_MAX {
            let response = self.fetch.get(&url, &headers).await.map_err(interrupted)?;
            let at = (self.now)();
            let retry_after = retry_after(response.retry_after.as_deref(), at);
            match response.status {
                200 => {
                    return Ok(Reading {
                        value: read(response, parser, retry_after).await?,
                        at,
                    });
                }
                301 | 302 | 303 | 307 | 308 => url = self.redirect_target(response.location.as_deref())?,
                // 451: taken down for legal reasons, which is treated like 404.
                404 | 410 | 451 => return Err(Refusal::Missing),
                429 => return Err(rate_limited(retry_after)),
                // GitHub also uses 403 for its rate limit. Then a header or the page says so.
                403 if retry_after.is_some() => return Err(rate_limited(retry_after)),
                403 => {
                    return Err(match read(response, parser, None).await {
                        Err(Refusal::Problem(problem)) if problem.kind == Kind::RateLimited => {
                            Refusal::Problem(problem)
                        }
                        _ => Refusal::new(Kind::Unreachable, "GitHub answered with the status 403"),
                    });
                }
                status => {
                    let detail = format!("GitHub answered with the status {status}");
                    return Err(Refusal::Problem(
                        Problem::new(Kind::Unreachable, detail).retry_after(retry_after),
                    ));
                }
            }
        }
        Err(Refusal::new(
            Kind::Unreachable,
            format!("GitHub redirected more than {REDIRECTS_MAX} times"),
        ))
    }

    /// The path of a redirect, if it leads to GitHub and not to the login page.
    fn redirect_target(&self, location: Option<&str>) -> Result<String, Refusal> {
        let base_url = &self.settings.base_url;
        let elsewhere = |why: &str| Refusal::new(Kind::Unreachable, format!("GitHub redirected {why}"));
        let location = location.ok_or_else(|| elsewhere("to nowhere: without a Location"))?;
        let path = match location.strip_prefix(base_url.as_str()) {
            Some(path) => path,
            None => location,
        };
        if !path.starts_with('/') || path.starts_with("//") {
            return Err(elsewhere("to another host"));
        }
        if path.bytes().any(|byte| !matches!(byte, b'!'..=b'~') || byte == b'\\') {
            return Err(elsewhere("to something that is not an address"));
        }
        let login = path
            .split(['?', '#'])
            .next()
            .is_some_and(|path| path == "/login" || path.starts_with("/login/"));
        if login {
            Err(Refusal::Missing)
        } else {
            Ok(format!("{base_url}{path}"))
        }
    }
}

fn not_public(what: impl Display) -> Problem {
    Problem::new(Kind::NotFound, format!("GitHub shows nobody {what}"))
}

/// Reads the page in a response of GitHub.
async fn read<P: Parser>(
    mut response: Response<impl Body>,
    parser: P,
    retry_after: Option<u64>,
) -> Result<P::Output, Refusal> {
    page::read(&mut response.body, &response.content, parser)
        .await
        .map_err(|error| match error {
            page::Error::Interrupted(interruption) => interrupted(interruption),
            page::Error::TooLarge => Refusal::new(
                Kind::TooLarge,
                format!("GitHub's page has more than {PAGE_MAX_BYTES} bytes"),
            ),
            page::Error::UnknownEncoding(encoding) => Refusal::new(
                Kind::Unreachable,
                format!("GitHub's page is compressed with {encoding}, not with gzip"),
            ),
            page::Error::CorruptGzip => Refusal::new(
                Kind::Unreachable,
                "GitHub's page is cut off or damaged: its gzip does not decompress",
            ),
            page::Error::WrongLength { announced, received } => {
                let detail = format!("GitHub's page is cut off: {received} bytes came of {announced}");
                Refusal::new(Kind::Unreachable, detail)
            }
            page::Error::Parser(ex2_parser::Error::RateLimited) => rate_limited(retry_after),
            page::Error::Parser(error @ ex2_parser::Error::TooLarge) => {
                Refusal::new(Kind::TooLarge, format!("GitHub's answer: {error}"))
            }
            page::Error::Parser(error @ ex2_parser::Error::Truncated) => {
                Refusal::new(Kind::Unreachable, format!("GitHub's answer: {error}"))
            }
            page::Error::Parser(error @ ex2_parser::Error::MarkupChanged { .. }) => {
                Refusal::new(Kind::MarkupChanged, error.to_string())
            }
            page::Error::Parser(error) => Refusal::new(
                Kind::MarkupChanged,
                format!("GitHub answered with a page of another kind: {error}"),
            ),
        })
}

fn interrupted(interruption: Interruption) -> Refusal {
    match interruption {
        Interruption::TimedOut(_) => Refusal::new(Kind::TimedOut, format!("GitHub's answer: {interruption}")),
        Interruption::Failed(_) => Refusal::new(Kind::Unreachable, format!("GitHub did not answer: {interruption}")),
    }
}

/// The problem for GitHub's rate limit.
pub(crate) fn rate_limit_problem(retry_after: Option<u64>) -> Problem {
    let seconds = retry_after.unwrap_or(RETRY_AFTER_DEFAULT);
    let detail = match retry_after {
        Some(_) => format!("GitHub wants fewer requests, and the next one in {seconds} s"),
        None => {
            format!("GitHub wants fewer requests, and does not say until when; {seconds} s is its engineers' advice")
        }
    };
    Problem::new(Kind::RateLimited, detail).retry_after(Some(seconds))
}

fn rate_limited(retry_after: Option<u64>) -> Refusal {
    Refusal::Problem(rate_limit_problem(retry_after))
}

/// Parses `Retry-After`, a number of seconds or a date, into seconds from `now`.
fn retry_after(value: Option<&str>, now: SystemTime) -> Option<u64> {
    let value = value?.trim();
    let seconds = match value.parse() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            // A date in the past means no wait.
            date.duration_since(now).unwrap_or_default().as_millis().div_ceil(1000) as u64
        }
    };
    Some(seconds.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_time_to_wait_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_millis(784_111_777_500); // Sun, 06 Nov 1994 08:49:37.5 GMT
        for (value, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 60 ", Some(60)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(retry_after(Some(value), now), seconds, "{value:?}");
        }
        assert_eq!(retry_after(None, now), None);
    }
}
