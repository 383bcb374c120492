//! The server: GitHub's paths, answered from the owners, the clock and the faults.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use crate::pages;
use crate::pages::{ListedPackage, PackageListPage, PackagePage, RateLimit, VersionListPage};
use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::stand_in::{
    answer::Answer,
    clock::Clock,
    control,
    fault::{Fault, Faults, TargetedFault},
    log::{Log, LoggedRequest},
    organisation::{Organisation, Package},
    state::{Options, Shared},
};

/// The time that a stopping server waits for active requests.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// A stand-in could not be started.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("{0} can be reached from other machines, but a stand-in is only for this one; use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    #[error("can't listen on {address}: {source}; choose another port, or 0 for any free one")]
    Listen { address: SocketAddr, source: io::Error },
}

/// A running stand-in. Dropping it stops it at once.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl StandIn {
    /// Starts a stand-in at `address`, which must be on the loopback interface; port 0 for any free one.
    pub async fn start(address: SocketAddr, options: Options) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        let listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = watch::channel(false);
        let mut organisations = Organisation::built_in();
        if !organisations
            .iter()
            .any(|owner| owner.name.eq_ignore_ascii_case(&options.organisation))
        {
            organisations.insert(0, Organisation::named(&options.organisation));
        }
        let shared = Arc::new(Shared {
            organisations,
            clock: Clock::new(options.clock),
            faults: Faults::default(),
            recorder: Arc::default(),
            options,
            stopped: stopped.clone(),
        });
        let application = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            let mut stopped = stopped;
            let wait = async move {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            // `serve` ends only with `wait`: it retries a failed `accept`.
            let _ = axum::serve(listener, application).with_graceful_shutdown(wait).await;
        });
        Ok(Self {
            address,
            shared,
            stop,
            server,
        })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The time of the clock.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The clock, for other code that needs the same time.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Sets the time and stops the clock.
    pub fn set_clock(&self, at: Timestamp) {
        self.shared.clock.set(at);
    }

    /// Advances the time and stops the clock.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    /// Sets a fault of a package (a name), of a path (beginning with `/`) or of everything (`*`), for the next `count`
    /// requests or for all. It replaces an earlier fault of the same target.
    pub fn set_fault(&self, target: &str, fault: Fault, count: Option<u32>) {
        self.shared.faults.set(TargetedFault {
            target: target.into(),
            fault,
            count,
            after: 0,
        });
    }

    /// Adds a fault to those of its target: the one that was added last comes first.
    pub fn add_fault(&self, fault: TargetedFault) {
        self.shared.faults.add(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// The requests so far.
    pub fn log(&self) -> Log {
        self.shared.recorder.copy()
    }

    /// Clears the log.
    pub fn clear_log(&self) {
        self.shared.recorder.clear();
    }

    /// The owner with this name.
    pub fn organisation(&self, name: &str) -> Option<&Organisation> {
        self.shared.organisation(name)
    }

    /// Closes the listener, ends slow and endless bodies, and returns when no request is active, or after two seconds.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(STOP_TIMEOUT, &mut self.server).await;
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.server.abort();
    }
}

/// The endpoint of a path.
enum Endpoint<'a> {
    PackageList(&'a Organisation),
    Package(&'a Organisation, &'a Package),
    /// The path of a package under its organisation, which GitHub redirects to the path under the repository.
    PackageInRepository(&'a Organisation, &'a Package, &'a str),
    Versions(&'a Organisation, &'a Package),
    Version(&'a Package, u64),
    Login,
}

impl<'a> Endpoint<'a> {
    /// The package whose faults apply. A redirect has none, because they apply to its target.
    fn package(&self) -> Option<&'a Package> {
        match self {
            Endpoint::Package(_, package) | Endpoint::Versions(_, package) | Endpoint::Version(package, _) => {
                Some(package)
            }
            Endpoint::PackageList(_) | Endpoint::PackageInRepository(..) | Endpoint::Login => None,
        }
    }
}

impl Shared {
    /// The endpoint of a path, which is split at its slashes and then decoded: a slash in a name is `%2F`.
    ///
    /// Only the forms on GitHub's own pages are known, so that a test finds a client that uses another form.
    fn find(&self, path: &str, query: &Query) -> Option<Endpoint<'_>> {
        let segments: Vec<String> = path
            .strip_prefix('/')?
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8().map(|text| text.into_owned()))
            .collect::<Result<_, _>>()
            .ok()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let owner = |name: &str, user: bool| self.organisation(name).filter(|owner| owner.user == user);
        let now = self.clock.now();
        let existing = |package: &&Package| package.exists(now);
        match segments[..] {
            ["login"] => Some(Endpoint::Login),
            ["orgs", organisation, "packages"] => Some(Endpoint::PackageList(owner(organisation, false)?)),
            [user] if query.tab.as_deref() == Some("packages") => Some(Endpoint::PackageList(owner(user, true)?)),
            [
                accounts @ ("orgs" | "users"),
                name,
                "packages",
                "container",
                "package",
                wanted,
            ] => {
                let owner = owner(name, accounts == "users")?;
                let package = owner.package(wanted).filter(existing)?;
                match package.repository.as_deref() {
                    Some(repository) if !owner.user && !self.faults.vanished(wanted) => {
                        Some(Endpoint::PackageInRepository(owner, package, repository))
                    }
                    _ => Some(Endpoint::Package(owner, package)),
                }
            }
            [
                accounts @ ("orgs" | "users"),
                name,
                "packages",
                "container",
                wanted,
                rest,
            ] => {
                let owner = owner(name, accounts == "users")?;
                below_package(owner, owner.package(wanted).filter(existing)?, rest)
            }
            [name, repository, "pkgs", "container", wanted, ref rest @ ..] => {
                let owner = self.organisation(name)?;
                let found = owner.package(wanted).filter(existing)?;
                let linked = |linked: &str| linked.eq_ignore_ascii_case(repository);
                if !found.repository.as_deref().is_some_and(linked) {
                    return None;
                }
                match *rest {
                    [] => Some(Endpoint::Package(owner, found)),
                    [rest] => below_package(owner, found, rest),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn package_list(&self, owner: &Organisation, query: &Query, fault: Option<Fault>) -> Option<Answer> {
        let mut listed: Vec<ListedPackage> = owner
            .packages_at(self.clock.now())
            .filter(|package| !self.faults.vanished(&package.name))
            .map(|package| ListedPackage {
                name: package.name.clone(),
                repository: package.repository.clone(),
            })
            .collect();
        match fault {
            Some(Fault::ListShrinks) if !listed.is_empty() => drop(listed.remove(0)),
            Some(Fault::ListGrows) => {
                let published = ListedPackage {
                    name: "published-meanwhile".into(),
                    repository: None,
                };
                listed.insert(0, published);
            }
            _ => {}
        }
        let rows = self.options.rows_a_page.max(1);
        let pages = listed.len().div_ceil(rows).max(1);
        let heading_count = listed.len() + owner.other_ecosystems.len() + usize::from(fault == Some(Fault::HeadingOff));
        let shown = listed.into_iter().skip((query.page as usize - 1) * rows).take(rows);
        let last = query.page as usize >= pages;
        let page = PackageListPage {
            owner: owner.name.clone(),
            user: owner.user,
            packages: shown.collect(),
            // On the last page, which has place for them.
            other_ecosystems: if last {
                owner.other_ecosystems.clone()
            } else {
                Vec::new()
            },
            page: query.page,
            pages: u32::try_from(pages).ok()?,
            heading_count: Some(heading_count as u64),
            ..PackageListPage::default()
        };
        Some(Answer::html(StatusCode::OK, page.render()))
    }

    fn version(&self, package: &Package, id: u64) -> Option<Answer> {
        let all = package.versions(self.clock.now(), false);
        let version = all.into_iter().find(|version| version.id == id)?;
        let tag = version.tags.first().map_or("sha256", String::as_str);
        let page = pages::version_page(&package.name, tag, version.total);
        Some(Answer::html(StatusCode::OK, page))
    }

    fn package(&self, owner: &Organisation, package: &Package, fault: Option<Fault>) -> Answer {
        let now = self.clock.now();
        let total = package.total(now);
        let yesterday = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
        let page = PackagePage {
            owner: owner.name.clone(),
            owner_is_user: owner.user,
            repository: package.repository.clone(),
            name: package.name.clone(),
            total: if fault == Some(Fault::FallingTotal) {
                total / 10 * 9
            } else {
                total
            },
            daily: match fault {
                Some(Fault::NoChart) => Vec::new(),
                _ => package
                    .daily(now)
                    .into_iter()
                    .map(|(date, count)| (date.to_string(), count))
                    .collect(),
            },
            issues: package.growth % 500 + 3,
            discussions: package.discussions,
            published: yesterday.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            stars: package.growth % 7_000,
            // Both generations of classes, and decoys on every page, because a parser must ignore them.
            classes: if package.name.len().is_multiple_of(2) {
                pages::Classes::Tmp
            } else {
                pages::Classes::Old
            },
            decoys: true,
            description: format!(
                "A generated page of {}. \"Total downloads\" <are> & stay invented.",
                package.name
            ),
            versions: package.versions(now, true).into_iter().take(5).collect(),
            change: match fault {
                Some(Fault::Markup(change)) => Some(change),
                _ => None,
            },
            bytes: self.options.page_bytes,
        };
        Answer::html(StatusCode::OK, page.render())
    }

    fn version_list(&self, owner: &Organisation, package: &Package, query: &Query) -> Option<Answer> {
        let all = package.versions(self.clock.now(), query.tagged);
        let rows = self.options.rows_a_page.max(1);
        let page = VersionListPage {
            owner: owner.name.clone(),
            owner_is_user: owner.user,
            repository: package.repository.clone(),
            name: package.name.clone(),
            pages: u32::try_from(all.len().div_ceil(rows).max(1)).ok()?,
            versions: all
                .into_iter()
                .skip((query.page as usize - 1) * rows)
                .take(rows)
                .collect(),
            page: query.page,
        };
        Some(Answer::html(StatusCode::OK, page.render()))
    }
}

/// The endpoint below a package's path: the list of its versions, or one version.
fn below_package<'a>(owner: &'a Organisation, package: &'a Package, rest: &str) -> Option<Endpoint<'a>> {
    match rest {
        "versions" => Some(Endpoint::Versions(owner, package)),
        id => Some(Endpoint::Version(package, id.parse().ok()?)),
    }
}

/// The query parameters that the stand-in knows.
#[derive(Debug)]
struct Query {
    page: u32,
    tab: Option<String>,
    tagged: bool,
}

impl Query {
    /// As on GitHub, invalid values are ignored.
    fn parse(query: &str) -> Self {
        let mut parsed = Self {
            page: 1,
            tab: None,
            tagged: false,
        };
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match percent_decode_str(name).decode_utf8_lossy().as_ref() {
                "page" => parsed.page = value.parse().unwrap_or(1).max(1),
                "tab" => parsed.tab = Some(value.into()),
                "filters[version_type]" => parsed.tagged = value == "tagged",
                _ => {}
            }
        }
        parsed
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == control::PREFIX || path.starts_with(&format!("{}/", control::PREFIX)) {
        return control::answer(&shared, request.method(), request.uri());
    }
    let entry = shared.recorder.begin(LoggedRequest {
        method: request.method().to_string(),
        path: request
            .uri()
            .path_and_query()
            .map_or_else(|| path.clone(), ToString::to_string),
        user_agent: text(request.headers(), header::USER_AGENT),
        accept_encoding: text(request.headers(), header::ACCEPT_ENCODING),
        status: 0,
        fault: None,
        began_at: 0,
        ended_at: None,
    });
    let query = Query::parse(request.uri().query().unwrap_or(""));
    let endpoint = match *request.method() {
        Method::GET | Method::HEAD => shared.find(&path, &query),
        _ => None,
    };
    let package = endpoint
        .as_ref()
        .and_then(Endpoint::package)
        .map(|package| package.name.as_str());
    let fault = shared.faults.take(&path, query.page, package);
    if let Some(Fault::SlowFirstByte(duration)) = fault {
        let mut stopped = shared.stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
    let answer = refusal(fault, &path).or_else(|| match endpoint? {
        Endpoint::PackageList(owner) => shared.package_list(owner, &query, fault),
        Endpoint::Package(owner, package) => Some(shared.package(owner, package, fault)),
        Endpoint::PackageInRepository(owner, package, repository) => Some(Answer::redirect(format!(
            "/{}/{}/pkgs/container/{}",
            pages::address::segment(&owner.name),
            pages::address::segment(repository),
            pages::address::segment(&package.name)
        ))),
        Endpoint::Versions(owner, package) => shared.version_list(owner, package, &query),
        Endpoint::Version(package, id) => shared.version(package, id),
        Endpoint::Login => Some(Answer::html(StatusCode::OK, pages::login())),
    });
    let answer = answer.unwrap_or_else(|| Answer::html(StatusCode::NOT_FOUND, pages::not_found()));
    entry.answered(answer.status.as_u16(), fault.map(|fault| fault.to_string()));
    let accepts_gzip = text(request.headers(), header::ACCEPT_ENCODING).is_some_and(|value| accepts_gzip(&value));
    answer.into_response(fault, accepts_gzip, shared.stopped.clone(), entry)
}

/// The response of a fault that replaces the page.
fn refusal(fault: Option<Fault>, path: &str) -> Option<Answer> {
    let rate_limit = |status, wording| Answer::html(status, pages::rate_limit(wording));
    Some(match fault? {
        Fault::NotFound | Fault::Vanished => Answer::html(StatusCode::NOT_FOUND, pages::not_found()),
        Fault::RateLimited { retry_after: None } => {
            rate_limit(StatusCode::TOO_MANY_REQUESTS, RateLimit::AbuseDetection)
        }
        Fault::RateLimited {
            retry_after: Some(seconds),
        } => rate_limit(StatusCode::TOO_MANY_REQUESTS, RateLimit::Secondary).with(header::RETRY_AFTER, seconds),
        Fault::Forbidden => rate_limit(StatusCode::FORBIDDEN, RateLimit::AbuseDetection),
        Fault::Server(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Answer::html(status, pages::server_error(status.as_u16()))
        }
        Fault::Login => Answer::redirect(format!("/login?return_to={}", pages::address::segment(path))),
        Fault::RedirectLoop => Answer::redirect(path.into()),
        // A reserved name, which never resolves.
        Fault::RedirectElsewhere => Answer::redirect("http://elsewhere.invalid/".into()),
        _ => return None,
    })
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Whether the value of `Accept-Encoding` has `gzip` or `*` with a quality other than 0.
fn accepts_gzip(value: &str) -> bool {
    value.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or("");
        let refused = parts.any(|part| {
            part.strip_prefix("q=")
                .is_some_and(|quality| quality.parse::<f32>().is_ok_and(|quality| quality == 0.0))
        });
        (name.eq_ignore_ascii_case("gzip") || name == "*") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_must_be_accepted() {
        for (value, accepted) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000, br", false),
            ("", false),
        ] {
            assert_eq!(accepts_gzip(value), accepted, "{value}");
        }
    }
}
