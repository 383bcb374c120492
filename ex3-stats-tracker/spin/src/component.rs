//! The service as a Spin component: it receives requests and fetches pages over `wasi:http`, and reads its settings from
//! Spin's variables.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use spin_executor::{CancelOnDropToken, push_waker_and_get_token};
use spin_sdk::http::{Fields, IncomingRequest, OutgoingResponse, ResponseOutparam};
use spin_sdk::{http_component, variables};
use wasi::clocks::monotonic_clock::{self, Instant};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, FutureIncomingResponse, Headers, IncomingBody, IncomingResponse, OutgoingRequest, RequestOptions,
    Scheme, http_error_code,
};
use wasi::io::poll::Pollable;
use wasi::io::streams::{InputStream, StreamError};

use crate::answer::Answer;
use crate::fetch::{Body, Content, Fetch, Interruption, Response};
use crate::github::GitHub;
use crate::service::{Request, respond};
use crate::settings::{self, Settings};

/// The time limit for a connection to GitHub.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit between two parts of a page.
const BETWEEN_BYTES_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit for a caller that sends a page to `/extract`.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a body that are read at once.
const CHUNK_BYTES: u64 = 64 * 1024;

#[http_component]
async fn handle(request: IncomingRequest, response_out: ResponseOutparam) {
    let method = request.method().to_string();
    let target = request.path_with_query().unwrap_or_default();
    let headers = request.headers();
    let content = Content::new(|name| text(headers.get(&name.to_owned())));
    drop(headers);
    let body = request.consume().expect("the body is read here for the first time");
    let stream = body.stream().expect("the stream is taken here for the first time");
    let body = Streamed {
        stream,
        _owner: body,
        deadline: after(UPLOAD_TIMEOUT),
        what: "the body",
    };
    let answer = respond(
        Request {
            method: &method,
            target: &target,
            content,
            body,
        },
        github,
    )
    .await;
    send(answer, response_out).await;
}

async fn send(answer: Answer, response_out: ResponseOutparam) {
    let headers: Vec<_> = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into_bytes()))
        .collect();
    let headers = Fields::from_list(&headers).expect("the answer's headers are fixed names with ASCII values");
    let response = OutgoingResponse::new(headers);
    response
        .set_status_code(answer.status)
        .expect("the answer's statuses are valid");
    // Writing fails if the caller has gone, or sent a HEAD request. There is no way to report that.
    let _ = response_out.set_with_body(response, answer.body).await;
}

fn github() -> Result<GitHub<Outbound>, String> {
    let variable = |name| variables::get(name).map_err(|error| format!("the variable {name} cannot be read: {error}"));
    let settings = Settings::new(
        &variable(settings::GITHUB_URL)?,
        &variable(settings::CONTACT)?,
        &variable(settings::PAGE_TIMEOUT)?,
    )?;
    let fetch = Outbound {
        page_timeout: settings.page_timeout,
        deadline: after(settings.answer_timeout()),
    };
    Ok(GitHub {
        fetch,
        settings,
        now: SystemTime::now,
    })
}

/// Fetches through the host, which allows only GitHub as a destination.
struct Outbound {
    page_timeout: Duration,
    deadline: Instant,
}

impl Fetch for Outbound {
    type Body = Streamed<(IncomingBody, IncomingResponse)>;

    async fn get(&self, url: &str, headers: &[(&'static str, &str)]) -> Result<Response<Self::Body>, Interruption> {
        let deadline = self.deadline.min(after(self.page_timeout));
        let future = outgoing_handler::handle(request(url, headers)?, Some(self.options())).map_err(interruption)?;
        let response = answered(&future, deadline).await?;
        let fields = response.headers();
        let header = |name: &str| text(fields.get(&name.to_owned()));
        let status = response.status();
        let broken = |()| Interruption::Failed("its body cannot be read".to_owned());
        let body = response.consume().map_err(broken)?;
        let stream = body.stream().map_err(broken)?;
        let picked = Response::new(status, header, ());
        drop(fields);
        let Response {
            status,
            location,
            retry_after,
            content,
            ..
        } = picked;
        let body = Streamed {
            stream,
            _owner: (body, response),
            deadline,
            what: "its page",
        };
        Ok(Response {
            status,
            location,
            retry_after,
            content,
            body,
        })
    }
}

impl Outbound {
    fn options(&self) -> RequestOptions {
        let options = RequestOptions::new();
        // A host may not support these limits. The deadline applies without them.
        let _ = options.set_connect_timeout(Some(nanoseconds(CONNECT_TIMEOUT.min(self.page_timeout))));
        let _ = options.set_first_byte_timeout(Some(nanoseconds(self.page_timeout)));
        let _ = options.set_between_bytes_timeout(Some(nanoseconds(BETWEEN_BYTES_TIMEOUT.min(self.page_timeout))));
        options
    }
}

fn request(url: &str, headers: &[(&'static str, &str)]) -> Result<OutgoingRequest, Interruption> {
    let invalid = || Interruption::Failed("its address is not valid".to_owned());
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    let headers = Headers::from_list(&headers).map_err(|_| invalid())?;
    let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(headers);
    request.set_scheme(Some(&scheme)).map_err(|()| invalid())?;
    request.set_authority(Some(authority)).map_err(|()| invalid())?;
    request.set_path_with_query(Some(path)).map_err(|()| invalid())?;
    Ok(request)
}

async fn answered(future: &FutureIncomingResponse, deadline: Instant) -> Result<IncomingResponse, Interruption> {
    loop {
        if let Some(answer) = future.get() {
            let answer = answer.map_err(|()| Interruption::Failed("its answer was taken already".to_owned()))?;
            return answer.map_err(interruption);
        }
        wait(|| future.subscribe(), deadline, "its first byte").await?;
    }
}

/// A body that the host streams. The fields are dropped in this order, since WASI requires that a child resource is
/// dropped before its parent.
struct Streamed<O> {
    stream: InputStream,
    _owner: O,
    deadline: Instant,
    what: &'static str,
}

impl<O> Body for Streamed<O> {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Interruption> {
        loop {
            match self.stream.read(CHUNK_BYTES) {
                Ok(bytes) if !bytes.is_empty() => return Ok(Some(bytes)),
                Ok(_) => wait(|| self.stream.subscribe(), self.deadline, self.what).await?,
                Err(StreamError::Closed) => return Ok(None),
                Err(StreamError::LastOperationFailed(error)) => {
                    let broke = || Interruption::Failed("the connection broke".to_owned());
                    return Err(http_error_code(&error).map_or_else(broke, interruption));
                }
            }
        }
    }
}

/// Waits until the host is ready, or fails at the deadline.
async fn wait(subscribe: impl Fn() -> Pollable, deadline: Instant, what: &str) -> Result<(), Interruption> {
    if monotonic_clock::now() >= deadline {
        return Err(Interruption::TimedOut(what.to_owned()));
    }
    let mut registered: Option<[CancelOnDropToken; 2]> = None;
    // The future is polled again only when one of the two is ready. The caller checks which one.
    poll_fn(|context| match registered {
        Some(_) => Poll::Ready(()),
        None => {
            let pollables = [subscribe(), monotonic_clock::subscribe_instant(deadline)];
            registered =
                Some(pollables.map(|pollable| push_waker_and_get_token(pollable, context.waker().clone()).into()));
            Poll::Pending
        }
    })
    .await;
    Ok(())
}

/// Describes a host's error in a sentence. Every code has a text: hosts use different codes for the same failure, and the
/// codes' names are not meant for people.
fn interruption(code: ErrorCode) -> Interruption {
    let why = match code {
        ErrorCode::ConnectionTimeout | ErrorCode::DnsTimeout => {
            return Interruption::TimedOut("connecting".to_owned());
        }
        ErrorCode::ConnectionReadTimeout | ErrorCode::ConnectionWriteTimeout | ErrorCode::HttpResponseTimeout => {
            return Interruption::TimedOut("its next byte".to_owned());
        }
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "its name cannot be resolved",
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => "it cannot be reached from here",
        ErrorCode::ConnectionRefused => "the connection was refused",
        // Spin returns this code for a connection that ends before a response, or in the middle of one.
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete | ErrorCode::HttpProtocolError => {
            "the connection broke"
        }
        ErrorCode::ConnectionLimitReached => "the host has no connection left for it",
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            "the host does not let the component reach it"
        }
        ErrorCode::TlsCertificateError | ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            "no secure connection could be made"
        }
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => "the host does not send such a request",
        ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_) => "the head of its answer is too large",
        ErrorCode::HttpResponseBodySize(_) => "its answer is larger than the host takes",
        ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpUpgradeFailed => "its answer is not the HTTP that was asked for",
        ErrorCode::LoopDetected => "the request came back to the host",
        ErrorCode::ConfigurationError => "the host is not set up to reach it",
        ErrorCode::InternalError(_) => "the host failed to ask it",
    };
    Interruption::Failed(why.to_owned())
}

fn after(duration: Duration) -> Instant {
    monotonic_clock::now().saturating_add(nanoseconds(duration))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The first value of a header, if it is text.
fn text(values: Vec<Vec<u8>>) -> Option<String> {
    values
        .into_iter()
        .next()
        .and_then(|value| String::from_utf8(value).ok())
}
