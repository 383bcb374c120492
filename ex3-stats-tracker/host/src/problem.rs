//! The host's own responses: RFC 9457 problem details, as of the component.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use wasmtime_wasi_http::WasiBody;

/// An error response of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    /// One of the component's kinds, if one fits.
    kind: Option<&'static str>,
    detail: String,
    retry_after_seconds: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, kind: Option<&'static str>, detail: String) -> Self {
        Self {
            status,
            kind,
            detail,
            retry_after_seconds: None,
        }
    }

    pub(super) fn no_route(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            None,
            format!("no route of the application matches {path}"),
        )
    }

    pub(super) fn bad_request(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("bad_request"), detail.to_owned())
    }

    pub(super) fn head_too_large(limit: usize) -> Self {
        let detail = format!("the request line and headers are larger than {limit} bytes");
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, Some("bad_request"), detail)
    }

    pub(super) fn body_too_large(limit: usize) -> Self {
        let detail = format!("the request body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Some("too_large"), detail)
    }

    pub(super) fn slow_client() -> Self {
        let detail = "the request body did not arrive in time".to_owned();
        Self::new(StatusCode::REQUEST_TIMEOUT, Some("timed_out"), detail)
    }

    pub(super) fn busy() -> Self {
        let detail = "the host has reached its limit of concurrent requests; try again".to_owned();
        Self {
            retry_after_seconds: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, None, detail)
        }
    }

    /// `activity` is the verb for the component's activity until the limit, such as "computed".
    pub(super) fn stopped(activity: &str, limit: Duration) -> Self {
        let detail = format!("the component {activity} for {} s and was stopped", limit.as_secs_f64());
        Self::new(StatusCode::GATEWAY_TIMEOUT, Some("timed_out"), detail)
    }

    pub(super) fn failed(detail: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, None, detail.to_owned())
    }

    pub(super) fn into_response(self) -> Response<WasiBody> {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            problem["kind"] = kind.into();
        }
        let body = Full::new(Bytes::from(problem.to_string()))
            .map_err(|never| match never {})
            .boxed_unsync();
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
