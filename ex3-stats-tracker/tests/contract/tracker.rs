//! The component in a host, with a stand-in for GitHub, and its answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use github::stand_in::{self, StandIn};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::addresses::LOOPBACK;
use super::document::{Answer, Contract};
use super::runner::{Runner, Running, variables};

/// The component in its host, with a stand-in for GitHub.
pub(crate) struct Tracker<'a> {
    pub(crate) contract: &'a Contract,
    pub(crate) host: Running,
}

impl Tracker<'_> {
    pub(crate) async fn start<'a>(
        contract: &'a Contract,
        runner: &Runner,
        github: &str,
        page_timeout: &str,
    ) -> Tracker<'a> {
        let host = Running::start(runner, variables(github, page_timeout)).await;
        Tracker { contract, host }
    }

    /// Sends a request and checks its answer against the contract.
    pub(crate) async fn ask(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let uri: Uri = format!("{}{target}", self.host.base_url()).parse().expect("a URI");
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().expect("a header's name");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a header's value"));
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client
            .request(request)
            .await
            .unwrap_or_else(|error| panic!("{method} {target}: {error:?}"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("the answer is whole")
            .to_bytes();
        if method == Method::HEAD {
            assert!(body.is_empty());
            return Answer {
                status,
                headers,
                json: Value::Null,
            };
        }
        // Only the length shows that a host has cut an answer.
        assert_eq!(
            headers.get("content-length").and_then(|length| length.to_str().ok()),
            Some(body.len().to_string().as_str()),
            "{method} {target}"
        );
        let json: Value = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}"));
        // A detail is for people, so it contains no error code of WASI.
        let detail = json["detail"].as_str().unwrap_or_default();
        assert!(!detail.contains("ErrorCode") && !detail.contains("::"), "{detail}");
        let answer = Answer { status, headers, json };
        self.contract.check(&method, target, &answer);
        answer
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(Method::GET, target, &[], "").await
    }

    pub(crate) async fn extract(&self, body: impl Into<Bytes>) -> Answer {
        self.ask(Method::POST, "/extract", &[("content-type", "text/html")], body)
            .await
    }
}

/// Sends a request unchanged, and reads the answer until the host closes the connection.
pub(crate) fn raw(address: SocketAddr, request: &str) -> Answer {
    let mut client = TcpStream::connect(address).expect("it listens");
    client.write_all(request.as_bytes()).expect("it reads");
    // Longer than every answer takes, so that a failing test ends.
    client
        .set_read_timeout(Some(Duration::from_secs(300)))
        .expect("a time-out");
    let mut text = String::new();
    client.read_to_string(&mut text).expect("it answers, and closes");
    let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut headers = HeaderMap::new();
    for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        let name: http::HeaderName = name.parse().expect("a header's name");
        headers.insert(name, value.parse().expect("a header's value"));
    }
    Answer {
        status: status.expect("a status"),
        headers,
        json: serde_json::from_str(body).expect("JSON"),
    }
}

pub(crate) async fn stand_in() -> StandIn {
    let clock = "2026-05-10T12:00:00Z".parse().expect("a time");
    let options = stand_in::Options {
        clock: Some(clock),
        ..stand_in::Options::default()
    };
    StandIn::start(LOOPBACK, options).await.expect("the stand-in starts")
}
