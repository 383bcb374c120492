//! GitHub as the tracker sees it: its addresses, its paging, its refusals. What stands on its pages is the parser's
//! knowledge.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::SystemTime;

use ex2_parser::stream::{PackageListParser, PackageParser, VersionListParser};
use ex2_parser::{ListedPackage, Package, PackageList, Version, VersionList};

use crate::fetch::{Body, Fetch, Interruption, Response};
use crate::name::{Owner, PackageName};
use crate::page::{self, PAGE_MAX_BYTES, Parser};
use crate::problem::{Kind, Problem};
use crate::settings::Settings;

/// The most pages of one list that are read: 3 000 packages at GitHub's 30 a page. Past it the list is refused, not
/// cut short.
pub const LIST_MAX_PAGES: u32 = 100;

/// The most rows of one list that are kept, should a page have more of them than GitHub's do.
pub const LIST_MAX_ROWS: usize = 10_000;

/// The most redirects one page is followed through. A renamed repository in a renamed organisation takes two.
pub const REDIRECTS_MAX: usize = 3;

/// How long to leave GitHub alone where it does not say: half an hour, as one of its engineers advises.
pub const RETRY_AFTER_DEFAULT: u64 = 30 * 60;

/// The longest time to wait that is believed. A day costs no history, a page carries thirty; a mistaken header must
/// not stop the tracker for good.
pub const RETRY_AFTER_MAX: u64 = 24 * 60 * 60;

/// GitHub, reached through `fetch`.
#[derive(Clone, Debug)]
pub struct GitHub<F> {
    /// How pages are fetched.
    pub fetch: F,
    /// Where GitHub is, and how the tracker introduces itself.
    pub settings: Settings,
    /// The wall clock.
    pub now: fn() -> SystemTime,
}

/// What stood on a page, and when it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<T> {
    /// What stood there.
    pub value: T,
    /// When GitHub's answer began to arrive.
    pub at: SystemTime,
}

/// Why a page was not read: it is missing (another address may have it), or a problem.
#[derive(Debug)]
enum Refusal {
    Missing,
    Problem(Problem),
}

impl Refusal {
    fn new(kind: Kind, detail: impl Into<String>) -> Refusal {
        Refusal::Problem(Problem::new(kind, detail))
    }

    fn or_missing(self, what: impl Display) -> Problem {
        match self {
            Refusal::Missing => Problem::new(Kind::NotFound, format!("GitHub shows nobody {what}")),
            Refusal::Problem(problem) => problem,
        }
    }
}

impl<F: Fetch> GitHub<F> {
    /// An organisation's or a user's container packages, from all pages of the list.
    ///
    /// # Errors
    ///
    /// As [`Kind`] says; a list is whole or a problem.
    pub async fn packages(&self, owner: &Owner) -> Result<Vec<ListedPackage>, Problem> {
        let organisation = |page| format!("/orgs/{owner}/packages?ecosystem=container&page={page}");
        let user = |page| format!("/{owner}?tab=packages&ecosystem=container&page={page}");
        let packages = match self.package_list(organisation).await {
            Err(Refusal::Missing) => self.package_list(user).await,
            packages => packages,
        };
        packages.map_err(|refusal| refusal.or_missing(format_args!("an account called {owner}")))
    }

    /// One package's total and daily downloads.
    ///
    /// # Errors
    ///
    /// As [`Kind`] says.
    pub async fn package(&self, owner: &Owner, name: &PackageName) -> Result<Reading<Package>, Problem> {
        let [organisation, user] = package_addresses(owner, name);
        let package = match self.read(&organisation, PackageParser::new()).await {
            Err(Refusal::Missing) => self.read(&user, PackageParser::new()).await,
            package => package,
        };
        package.map_err(|refusal| missing_package(refusal, owner, name))
    }

    /// A package's tagged versions, from all pages of the list.
    ///
    /// # Errors
    ///
    /// As [`Kind`] says; a list is whole or a problem.
    pub async fn versions(&self, owner: &Owner, name: &PackageName) -> Result<Vec<Version>, Problem> {
        let [organisation, user] = package_addresses(owner, name);
        let versions = match self.version_list(&organisation).await {
            Err(Refusal::Missing) => self.version_list(&user).await,
            versions => versions,
        };
        versions.map_err(|refusal| missing_package(refusal, owner, name))
    }

    async fn package_list(&self, address: impl Fn(u32) -> String) -> Result<Vec<ListedPackage>, Refusal> {
        let rows = |list: PackageList| (list.packages, list.next_page);
        self.list(address, PackageListParser::new, rows, |package| package.name.clone())
            .await
    }

    async fn version_list(&self, package_address: &str) -> Result<Vec<Version>, Refusal> {
        let address = |page| format!("{package_address}/versions?filters%5Bversion_type%5D=tagged&page={page}");
        let rows = |list: VersionList| (list.versions, list.next_page);
        self.list(address, VersionListParser::new, rows, |version| version.id)
            .await
    }

    /// Reads a list's pages one after the other. Each row is kept once: something published while the list is read
    /// moves another row onto the next page a second time.
    async fn list<P: Parser, T, K: Ord>(
        &self,
        address: impl Fn(u32) -> String,
        parser: impl Fn() -> P,
        rows: impl Fn(P::Output) -> (Vec<T>, Option<u32>),
        key: impl Fn(&T) -> K,
    ) -> Result<Vec<T>, Refusal> {
        let mut list = Vec::new();
        let mut keys = BTreeSet::new();
        let mut page = 1;
        loop {
            let reading = match self.read(&address(page), parser()).await {
                Err(Refusal::Missing) if page > 1 => {
                    let detail = format!(
                        "GitHub has no page {page} of a list that page {} said goes on",
                        page - 1
                    );
                    return Err(Refusal::new(Kind::Unreachable, detail));
                }
                reading => reading?,
            };
            let (rows, next_page) = rows(reading.value);
            list.extend(rows.into_iter().filter(|row| keys.insert(key(row))));
            match next_page {
                _ if list.len() > LIST_MAX_ROWS => {
                    return Err(Refusal::new(
                        Kind::TooLarge,
                        format!("the list has more than {LIST_MAX_ROWS} rows"),
                    ));
                }
                None => return Ok(list),
                Some(next) if next != page + 1 => {
                    let detail = format!("page {page} of a list says that page {next} is next");
                    return Err(Refusal::new(Kind::MarkupChanged, detail));
                }
                Some(next) if next > LIST_MAX_PAGES => {
                    return Err(Refusal::new(
                        Kind::TooLarge,
                        format!("the list has more than {LIST_MAX_PAGES} pages"),
                    ));
                }
                Some(next) => page = next,
            }
        }
    }

    /// Reads the page at `address` (a path and query of GitHub's) with `parser`.
    async fn read<P: Parser>(&self, address: &str, parser: P) -> Result<Reading<P::Output>, Refusal> {
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
                301 | 302 | 303 | 307 | 308 => url = self.redirected(response.location.as_deref())?,
                // 451: taken down. For the tracker that is the same as gone.
                404 | 410 | 451 => return Err(Refusal::Missing),
                429 => return Err(rate_limited(retry_after)),
                // GitHub refuses with 403 too when it has had enough; then it says so, in a header or on the page.
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

    /// Where a redirect leads, if that is GitHub again and not its login page.
    fn redirected(&self, location: Option<&str>) -> Result<String, Refusal> {
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

/// Where a package's page is: as an organisation's, and as a user's.
fn package_addresses(owner: &Owner, name: &PackageName) -> [String; 2] {
    let name = name.to_segment();
    ["orgs", "users"].map(|accounts| format!("/{accounts}/{owner}/packages/container/package/{name}"))
}

fn missing_package(refusal: Refusal, owner: &Owner, name: &PackageName) -> Problem {
    refusal.or_missing(format_args!("a container package {} of {owner}", name.as_str()))
}

/// Reads a page GitHub answered with.
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

/// The problem of having asked too often.
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

/// `Retry-After` in seconds from `now`: a number of them, or a date.
fn retry_after(value: Option<&str>, now: SystemTime) -> Option<u64> {
    let value = value?.trim();
    let seconds = match value.parse() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            // A date that is past asks for no wait at all.
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
            ("86401", Some(RETRY_AFTER_MAX)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(RETRY_AFTER_MAX)),
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
