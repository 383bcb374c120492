//! Shared parts of the benches: the page, the two servers, and one client for both.

#![allow(dead_code, reason = "each bench uses a part of it")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::read::GzDecoder;
use github::pages;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HOST};
use http::response::Parts;
use http::{HeaderValue, Request, Response, StatusCode, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use spin_host::manifest::Manifest;
use spin_host::{Host, Options};
use system::workspace;
use tokio::net::{TcpListener, TcpStream};
use wasm::guests::{Guest, Target};

/// Any free port of the loopback interface.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The number of requests of an instance where instances are reused.
const REQUESTS_PER_INSTANCE: u32 = 64;

/// The component's id in its `spin.toml`.
pub(crate) const COMPONENT: &str = "stats-tracker";

/// The page of a package, with a name for the output: the stored real page, if it is there, else a generated one of the
/// same size.
pub(crate) fn page() -> (&'static str, Bytes) {
    let real = workspace().join("../shared/ghcr/pages/package_2026-05-10_nas-doctor.html");
    match std::fs::read(real) {
        Ok(page) => ("real page", page.into()),
        Err(_) => {
            let page = pages::PackagePage {
                bytes: pages::REAL_PACKAGE_PAGE_BYTES,
                ..Default::default()
            };
            ("generated page", page.render().into())
        }
    }
}

/// The component's manifest.
pub(crate) fn manifest() -> Manifest {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spin/spin.toml");
    Manifest::read(&path).expect("the component's manifest is valid")
}

/// The host's defaults, with the component built from its current source.
pub(crate) fn options() -> Options {
    let guest = Guest {
        package: "stats-tracker-spin",
        target: Target::Library,
        features: &[],
    };
    let module: PathBuf = guest.build().expect("the component builds");
    Options {
        sources: BTreeMap::from([(COMPONENT.to_owned(), module)]),
        ..Options::default()
    }
}

/// The component in the embedded host, with a new instance for each request. `github` is the base URL of GitHub or a
/// stand-in.
pub(crate) async fn host(github: &str) -> Host {
    host_with(github, options()).await
}

/// The same, with instances that answer up to [`REQUESTS_PER_INSTANCE`] requests, one after the other.
pub(crate) async fn reusing_host(github: &str) -> Host {
    let mut options = options();
    options.limits.requests_per_instance = REQUESTS_PER_INSTANCE;
    host_with(github, options).await
}

async fn host_with(github: &str, options: Options) -> Host {
    let variables = BTreeMap::from([("github_url".to_owned(), github.to_owned())]);
    Host::start(&manifest(), variables, LOOPBACK, options)
        .await
        .expect("the host starts")
}

/// Starts a minimal server with the parser, and returns its address: the same HTTP library, without WebAssembly.
pub(crate) async fn native() -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).await.expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new());
                let _ = builder
                    .serve_connection(TokioIo::new(stream), service_fn(extract))
                    .await;
            });
        }
    });
    address
}

async fn extract(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let package = match request.into_body().collect().await {
        Ok(page) => ex2_parser::stream::package(&page.to_bytes()).ok(),
        Err(_) => None,
    };
    let Some(answer) = package.and_then(|package| serde_json::to_vec(&package).ok()) else {
        let mut refusal = Response::new(Full::default());
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refusal);
    };
    let mut response = Response::new(Full::from(answer));
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A client with one connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a connection takes its options");
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("a connection begins");
        tokio::spawn(connection);
        Self { sender }
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn send(&mut self, method: &str, path: &str, body: Bytes) -> (StatusCode, Bytes) {
        let (parts, answer) = self.answer(request(method, path), body).await;
        (parts.status, answer)
    }

    /// Requests a page in the compression that the component asks GitHub for, and decompresses it.
    pub(crate) async fn page(&mut self, path: &str) -> (StatusCode, Vec<u8>) {
        let request = request("GET", path).header(ACCEPT_ENCODING, "gzip");
        let (parts, answer) = self.answer(request, Bytes::new()).await;
        if !parts.headers.contains_key(CONTENT_ENCODING) {
            return (parts.status, answer.into());
        }
        let mut page = Vec::new();
        GzDecoder::new(&*answer)
            .read_to_end(&mut page)
            .expect("the page is compressed by gzip");
        (parts.status, page)
    }

    async fn answer(&mut self, request: request::Builder, body: Bytes) -> (Parts, Bytes) {
        let request = request.body(Full::new(body)).expect("the request is well formed");
        self.sender.ready().await.expect("the connection stays open");
        let response = self.sender.send_request(request).await.expect("the server answers");
        let (parts, body) = response.into_parts();
        let answer = body.collect().await.expect("the answer is whole");
        (parts, answer.to_bytes())
    }

    pub(crate) async fn extract(&mut self, page: Bytes) -> (StatusCode, Bytes) {
        self.send("POST", "/extract", page).await
    }
}

fn request(method: &str, path: &str) -> request::Builder {
    Request::builder().method(method).uri(path).header(HOST, "localhost")
}

/// The expected answer to [`page`]: the parser's result as JSON.
pub(crate) fn right_answer(page: &[u8]) -> Bytes {
    let package = ex2_parser::stream::package(page).expect("it is a package page");
    assert!(package.total > 0 && package.daily.len() == 30, "{package:?}");
    serde_json::to_vec(&package).expect("a package is JSON").into()
}
