//! The component's answers, as a client sees them; `openapi.yaml` is their description.

use std::{fmt, future::Future, time::Duration};

use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::loopback;

/// The host ends a request after five minutes; a client that waits longer than that waits for nothing.
const LONGEST_REQUEST: Duration = Duration::from_secs(330);

/// What stands for itself in one segment of a path; a name's slash does not.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What lists and measures packages.
pub trait Component {
    /// All container packages of an organisation or user, in GitHub's order.
    fn packages(&self, org: &str) -> impl Future<Output = Result<Vec<ListedPackage>, Problem>> + Send;

    /// A package's counts, now.
    fn measure(&self, org: &str, name: &str) -> impl Future<Output = Result<Measurement, Problem>> + Send;
}

/// A package in the list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedPackage {
    /// Its name, which may hold slashes.
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

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// GitHub wants fewer requests.
    RateLimited,
    /// GitHub shows nobody such an organisation, user or package.
    NotFound,
    /// GitHub's page is not one the parser knows.
    MarkupChanged,
    /// GitHub could not be reached, failed itself, or stopped in the middle of a page.
    Unreachable,
    /// GitHub took longer than it is given.
    TimedOut,
    /// A page is larger than any real one.
    TooLarge,
    /// A name that nothing on GitHub can have.
    BadRequest,
    /// The component or its host answered with something that is not in their description.
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

    /// Whether the same request may well succeed in a moment.
    pub fn is_worth_retrying(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut)
    }

    /// Whether trying again later may be enough, without anyone changing anything.
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

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// For programs.
    pub kind: Kind,
    /// For people: one sentence.
    pub detail: String,
    /// How long to leave GitHub alone.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// Without a word on when to try again.
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

/// Problem details, as far as a client needs them.
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
    /// Where the HTTP client can't be set up.
    pub fn new(base_url: String) -> reqwest::Result<Self> {
        let client = loopback::client()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LONGEST_REQUEST)
            .build()?;
        Ok(Self { client, base_url })
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, path: String) -> Result<T, Problem> {
        let lost = |error: reqwest::Error| Problem::component(format!("the component does not answer: {error}"));
        let response = self
            .client
            .get(format!("{}{path}", self.base_url))
            .send()
            .await
            .map_err(lost)?;
        let status = response.status();
        let body = response.bytes().await.map_err(lost)?;
        if status.is_success() {
            return serde_json::from_slice(&body)
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
    async fn packages(&self, org: &str) -> Result<Vec<ListedPackage>, Problem> {
        self.get(format!("/orgs/{}/packages", name_segment(org)?)).await
    }

    async fn measure(&self, org: &str, name: &str) -> Result<Measurement, Problem> {
        self.get(format!("/orgs/{}/packages/{}", segment(org), segment(name)))
            .await
    }
}

/// One segment of a path: `charts%2Fflagger`.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The same, where it can be one: in an address `.` and `..` are steps through it, however they are written.
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

    /// A component that answers every request by its path.
    async fn serve(answer: fn(&str) -> Response) -> HttpComponent {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let application = Router::new().fallback(move |request: Request| async move { answer(request.uri().path()) });
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
        let packages = component.packages("fluxcd").await.unwrap();
        assert_eq!(packages[0].repository.as_deref(), Some("fluxcd/a"));
        assert_eq!(
            packages[1],
            ListedPackage {
                name: "charts/b".into(),
                repository: None
            }
        );
        let measurement = component.measure("fluxcd", "charts/b").await.unwrap();
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
            let problem = component.measure("fluxcd", kind.as_str()).await.unwrap_err();
            let expected = Problem {
                kind,
                detail: format!("no {kind}"),
                retry_after: Some(Duration::from_secs(90)),
            };
            assert_eq!(problem, expected);
        }
    }

    #[tokio::test]
    async fn whatever_else_comes_is_the_components_failure() {
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
            let problem = component.measure("fluxcd", name).await.unwrap_err();
            assert_eq!(problem.kind, Kind::ComponentFailed, "{name}: {problem}");
        }
        let nobody = HttpComponent::new("http://127.0.0.1:1".into()).unwrap();
        assert_eq!(nobody.packages("fluxcd").await.unwrap_err().kind, Kind::ComponentFailed);
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
