//! A client of the component. `openapi.yaml` describes the responses.

use std::{
    fmt::{self, Write},
    future::Future,
    iter,
    time::Duration,
};

use http::HeaderMap;
use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::loopback;

/// The time limit of a request to the component. One page may take up to an hour (`--timeout`), the host's deadline is a
/// little longer, and before that the request may wait up to another hour for the pause between requests.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2 * 3_600 + 600);

/// The characters that are encoded in one segment of a path. They include the slash.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Lists and measures packages.
pub trait Component {
    /// All container packages of an organisation or user, in GitHub's order.
    fn packages(&self, org: &str) -> impl Future<Output = Result<List, Problem>> + Send;

    /// Measures a package. The facts from the list save requests to GitHub.
    fn measure(
        &self,
        org: &str,
        package: &ListedPackage,
        owner: Option<Owner>,
    ) -> impl Future<Output = Result<Measurement, Problem>> + Send;
}

/// All container packages of an organisation or user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The kind of the account, if the component reports it.
    pub owner: Option<Owner>,
    /// In GitHub's order.
    pub packages: Vec<ListedPackage>,
}

/// The kind of an account. GitHub has different URLs for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An organisation.
    Organization,
    /// A user.
    User,
}

impl Owner {
    /// The kind's name in requests to the component.
    fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::User => "user",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Organization, Self::User]
            .into_iter()
            .find(|owner| owner.name() == name)
    }
}

/// The header of a list's response with the kind of the account.
const OWNER_KIND: &str = "owner-kind";

/// A package in the list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedPackage {
    /// The name, which may contain slashes.
    pub name: String,
    /// `owner/repository`, where it is connected to one.
    pub repository: Option<String>,
}

/// A package's counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Measurement {
    /// All downloads there ever were.
    pub total: u64,
    /// The last 30 days, newest first; empty where the page has no chart.
    pub daily: Vec<Daily>,
}

/// The downloads of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daily {
    /// The day, in UTC.
    pub date: Date,
    /// How many downloads; of the newest day, how many so far.
    pub count: u64,
}

/// The kind of an error, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// GitHub's rate limit was reached.
    RateLimited,
    /// GitHub shows no such organisation, user or package to the public.
    NotFound,
    /// GitHub's page has markup that the parser does not know.
    MarkupChanged,
    /// GitHub could not be reached, failed itself, or stopped in the middle of a page.
    Unreachable,
    /// GitHub did not answer within the time limit.
    TimedOut,
    /// A page exceeds the size limit.
    TooLarge,
    /// A name is invalid on GitHub.
    BadRequest,
    /// The response of the component or its host does not match `openapi.yaml`.
    ComponentFailed,
}

impl Kind {
    /// The kind's name, as in the JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::NotFound => "not_found",
            Self::MarkupChanged => "markup_changed",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::TooLarge => "too_large",
            Self::BadRequest => "bad_request",
            Self::ComponentFailed => "component_failed",
        }
    }

    /// Whether the same request may succeed soon.
    pub fn is_worth_retrying(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut)
    }

    /// Whether the error may pass without a change of the tracker or its settings.
    pub fn passes(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::Unreachable | Self::TimedOut | Self::ComponentFailed
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The error of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// For programs.
    pub kind: Kind,
    /// For people: one sentence.
    pub detail: String,
    /// The time to wait before the next request to GitHub.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// An error without a time to wait.
    pub fn new(kind: Kind, detail: String) -> Self {
        Self {
            kind,
            detail,
            retry_after: None,
        }
    }

    fn component(detail: String) -> Self {
        Self::new(Kind::ComponentFailed, detail)
    }
}

/// The component behind an HTTP address.
#[derive(Clone, Debug)]
pub struct HttpComponent {
    client: reqwest::Client,
    base_url: String,
}

/// The fields of problem details that the client uses.
#[derive(Deserialize)]
struct Details {
    kind: Option<Kind>,
    detail: String,
    retry_after: Option<u64>,
}

impl HttpComponent {
    /// The component at `http://HOST:PORT`.
    ///
    /// # Errors
    ///
    /// If the HTTP client can't be created.
    pub fn new(base_url: String) -> reqwest::Result<Self> {
        let client = loopback::client()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .build()?;
        Ok(Self { client, base_url })
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, path: String) -> Result<(T, HeaderMap), Problem> {
        let lost = |error: reqwest::Error| Problem::component(format!("the component does not answer: {error}"));
        let response = self
            .client
            .get(format!("{}{path}", self.base_url))
            .send()
            .await
            .map_err(lost)?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.bytes().await.map_err(lost)?;
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map(|answer| (answer, headers))
                .map_err(|error| Problem::component(format!("the component's answer can't be read: {error}")));
        }
        match serde_json::from_slice(&body) {
            Ok(Details {
                kind: Some(kind),
                detail,
                retry_after,
            }) => Err(Problem {
                kind,
                detail,
                retry_after: retry_after.map(Duration::from_secs),
            }),
            Ok(Details { kind: None, detail, .. }) => Err(Problem::component(format!(
                "the component failed with status {status}: {detail}"
            ))),
            Err(_) => Err(Problem::component(format!("the component failed with status {status}"))),
        }
    }
}

impl Component for HttpComponent {
    async fn packages(&self, org: &str) -> Result<List, Problem> {
        let (packages, headers) = self.get(format!("/orgs/{}/packages", name_segment(org)?)).await?;
        let owner = headers.get(OWNER_KIND).and_then(|kind| kind.to_str().ok());
        Ok(List {
            owner: owner.and_then(Owner::from_name),
            packages,
        })
    }

    async fn measure(&self, org: &str, package: &ListedPackage, owner: Option<Owner>) -> Result<Measurement, Problem> {
        let mut path = format!("/orgs/{}/packages/{}", segment(org), segment(&package.name));
        let hints = [
            ("repository", package.repository.as_deref().map(segment)),
            ("owner", owner.map(|owner| owner.name().to_owned())),
        ];
        let hints = hints.into_iter().filter_map(|(name, value)| Some((name, value?)));
        for (separator, (name, value)) in iter::once('?').chain(iter::repeat('&')).zip(hints) {
            let _ = write!(path, "{separator}{name}={value}");
        }
        Ok(self.get(path).await?.0)
    }
}

/// Encodes one segment of a path: `charts%2Fflagger`.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The same, for a valid name: `.` and `..` change a path even if they are encoded.
fn name_segment(text: &str) -> Result<String, Problem> {
    match text {
        "" | "." | ".." => {
            let detail = format!("`{text}` is not a name that anything on GitHub can have");
            Err(Problem {
                kind: Kind::BadRequest,
                detail,
                retry_after: None,
            })
        }
        _ => Ok(segment(text)),
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        extract::Request,
        http::StatusCode,
        response::{IntoResponse, Response},
    };

    use super::*;

    fn listed(name: &str) -> ListedPackage {
        ListedPackage {
            name: name.into(),
            repository: None,
        }
    }

    /// Starts a fake component that responds to each path.
    async fn serve(answer: fn(&str) -> Response) -> HttpComponent {
        serve_by(move |request| answer(request.uri().path())).await
    }

    async fn serve_by(answer: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static) -> HttpComponent {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let application = Router::new().fallback(move |request: Request| {
            let answer = answer(&request);
            async move { answer }
        });
        tokio::spawn(async move { axum::serve(listener, application).await });
        HttpComponent::new(format!("http://{address}")).unwrap()
    }

    #[tokio::test]
    async fn answers_are_read() {
        let component = serve(|path| match path {
            "/orgs/fluxcd/packages" => {
                r#"[{"name":"a","repository":"fluxcd/a"},{"name":"charts/b","repository":null}]"#.into_response()
            }
            "/orgs/fluxcd/packages/charts%2Fb" => {
                r#"{"name":"charts/b","total":18446744073709551615,"daily":[{"date":"2026-05-10","count":7}],
                   "measured_at":"2026-05-10T12:00:00Z"}"#
                    .into_response()
            }
            _ => StatusCode::IM_A_TEAPOT.into_response(),
        })
        .await;
        let List { owner, packages } = component.packages("fluxcd").await.unwrap();
        assert_eq!(owner, None, "an answer that does not say it");
        assert_eq!(packages[0].repository.as_deref(), Some("fluxcd/a"));
        assert_eq!(
            packages[1],
            ListedPackage {
                name: "charts/b".into(),
                repository: None
            }
        );
        let measurement = component.measure("fluxcd", &packages[1], owner).await.unwrap();
        let day = Daily {
            date: Date::constant(2026, 5, 10),
            count: 7,
        };
        assert_eq!(
            measurement,
            Measurement {
                total: u64::MAX,
                daily: vec![day]
            }
        );
    }

    /// The facts from the list are sent with each package, so that each costs one request to GitHub.
    #[tokio::test]
    async fn facts_from_the_list_are_sent_with_each_package() {
        let component = serve_by(|request| {
            let query = request.uri().query().unwrap_or_default();
            match (request.uri().path(), query) {
                ("/orgs/fluxcd/packages", _) => {
                    let list = r#"[{"name":"charts/b","repository":"fluxcd/b"},{"name":"c","repository":null}]"#;
                    ([("Owner-Kind", "organization")], list).into_response()
                }
                ("/orgs/fluxcd/packages/charts%2Fb", "repository=fluxcd%2Fb&owner=organization")
                | ("/orgs/fluxcd/packages/c", "owner=organization")
                | ("/orgs/fluxcd/packages/d", "") => r#"{"total":1,"daily":[]}"#.into_response(),
                _ => StatusCode::IM_A_TEAPOT.into_response(),
            }
        })
        .await;
        let List { owner, packages } = component.packages("fluxcd").await.unwrap();
        assert_eq!(owner, Some(Owner::Organization));
        for package in &packages {
            component.measure("fluxcd", package, owner).await.unwrap();
        }
        component.measure("fluxcd", &listed("d"), None).await.unwrap();
    }

    #[tokio::test]
    async fn problems_keep_their_kind() {
        let component = serve(|path| {
            let kind = path.rsplit('/').next().unwrap();
            let body = format!(r#"{{"type":"about:blank","detail":"no {kind}","kind":"{kind}","retry_after":90}}"#);
            (StatusCode::BAD_GATEWAY, body).into_response()
        })
        .await;
        for kind in [
            Kind::RateLimited,
            Kind::NotFound,
            Kind::MarkupChanged,
            Kind::Unreachable,
            Kind::TimedOut,
            Kind::TooLarge,
            Kind::BadRequest,
        ] {
            let problem = component
                .measure("fluxcd", &listed(kind.as_str()), None)
                .await
                .unwrap_err();
            let expected = Problem {
                kind,
                detail: format!("no {kind}"),
                retry_after: Some(Duration::from_secs(90)),
            };
            assert_eq!(problem, expected);
        }
    }

    #[tokio::test]
    async fn unexpected_responses_are_failures_of_the_component() {
        let component = serve(|path| match path.rsplit('/').next().unwrap() {
            "html" => "<!DOCTYPE html>".into_response(),
            "empty" => "".into_response(),
            "negative" => r#"{"total":-1,"daily":[]}"#.into_response(),
            "missing" => r#"{"daily":[]}"#.into_response(),
            "null" => r#"{"total":null,"daily":[]}"#.into_response(),
            "busy" => (StatusCode::SERVICE_UNAVAILABLE, r#"{"detail":"full"}"#).into_response(),
            "kind" => (StatusCode::BAD_GATEWAY, r#"{"detail":"x","kind":"new_kind"}"#).into_response(),
            _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        })
        .await;
        for name in ["html", "empty", "negative", "missing", "null", "busy", "kind", "trap"] {
            let problem = component.measure("fluxcd", &listed(name), None).await.unwrap_err();
            assert_eq!(problem.kind, Kind::ComponentFailed, "{name}: {problem}");
        }
        let nobody = HttpComponent::new("http://127.0.0.1:1".into()).unwrap();
        assert_eq!(nobody.packages("fluxcd").await.unwrap_err().kind, Kind::ComponentFailed);
    }

    /// Whatever takes so long, the component or its host says it.
    #[test]
    fn a_request_may_take_a_pause_and_the_hosts_deadline() {
        let manifest = include_str!("../../spin/spin.toml");
        let deadline = manifest
            .lines()
            .find_map(|line| line.strip_prefix("deadline_seconds = "))
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs)
            .unwrap();
        let longest = Duration::from_hours(1) + deadline;
        assert!((longest..longest * 2).contains(&REQUEST_TIMEOUT));
    }

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(segment("charts/flagger"), "charts%2Fflagger");
        assert_eq!(segment("a?b#c%"), "a%3Fb%23c%25");
        assert_eq!(segment("v1.2"), "v1.2");
        for name in ["", ".", ".."] {
            assert_eq!(name_segment(name).unwrap_err().kind, Kind::BadRequest, "{name}");
        }
    }
}
