//! A server for one page, which runs `hello.wat` in a browser.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::source::{self, Source};

/// The longest time for the head of a request. A browser on this machine needs milliseconds. Connections that a browser
/// opens in advance and does not use are closed by this limit too.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(30);

/// The pause before the next attempt if the system has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The headers of every answer.
///
/// The content security policy allows the page to load this server's files and to compile WebAssembly. It forbids inline
/// scripts and styles, other hosts and frames. The two `Cross-Origin` policies isolate the page from other windows. A
/// browser gives an isolated page a finer clock (5 µs instead of 100 µs).
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("referrer-policy"),
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    ),
    // The page shows measured times, and a fetch from the browser's cache would measure the cache.
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// A file that is served.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the address.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub media_type: &'static str,
    /// Its contents.
    pub contents: Bytes,
}

/// All files that are served.
#[derive(Clone, Debug)]
pub struct Site {
    /// The files, in no particular order.
    pub files: Vec<File>,
}

impl Site {
    /// The page with its files, and `hello.wat` assembled to a binary.
    pub fn hello() -> Result<Self, source::Error> {
        let file = |path, media_type, contents| File {
            path,
            media_type,
            contents,
        };
        let text = |path, media_type, contents: &'static str| file(path, media_type, contents.into());
        Ok(Self {
            files: vec![
                text("/", "text/html; charset=utf-8", include_str!("../hello.html")),
                text("/hello.css", "text/css; charset=utf-8", include_str!("../hello.css")),
                text(
                    "/hello.js",
                    "text/javascript; charset=utf-8",
                    include_str!("../hello.js"),
                ),
                file(
                    "/hello.wasm",
                    "application/wasm",
                    Source::hello().assemble()?.into_owned().into(),
                ),
            ],
        })
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let (status, media_type, contents) = match self.files.iter().find(|file| file.path == path) {
            // hyper drops the body of an answer to HEAD.
            Some(file) if [Method::GET, Method::HEAD].contains(method) => {
                (StatusCode::OK, file.media_type, file.contents.clone())
            }
            Some(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                TEXT,
                Bytes::from("Only GET and HEAD are answered.\n"),
            ),
            None => (
                StatusCode::NOT_FOUND,
                TEXT,
                Bytes::from("There is nothing here; the page is at /.\n"),
            ),
        };
        let mut answer = Response::new(Full::new(contents));
        *answer.status_mut() = status;
        answer.headers_mut().extend(HEADERS);
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        answer
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

/// A server that is bound to a port.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds to a port of this machine's loopback address, which other machines can't reach. Port 0 is any free port.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that was bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is done.
    pub async fn run(self, site: Site, stop: impl Future<Output = ()>) {
        let site = Arc::new(site);
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => return,
            };
            match accepted {
                Ok((stream, _)) => _ = tokio::spawn(answer_connection(stream, Arc::clone(&site))),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }
}

async fn answer_connection(stream: tokio::net::TcpStream, site: Arc<Site>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = site.answer(request.method(), request.uri().path());
        async { Ok::<_, Infallible>(answer) }
    });
    // A broken connection concerns only its own client.
    _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
