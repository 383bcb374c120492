//! Sends the outbound requests of guests, over pooled connections.
//!
//! A collection asks one server for hundreds of pages. They go over one TLS connection, which outlives the instances
//! that use it: every request has an instance of its own, and the connections belong to the host.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::SendRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep, timeout};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

mod connect;
mod errors;
mod server;
mod turns;

pub(super) use self::connect::is_this_machine;

use self::connect::Connector;
use self::errors::{of_body, of_head};
use self::server::Server;
use self::turns::{Turn, Turns};
use super::error::Error as StartError;
use super::limits::Limits;
use super::waiting::Waiting;

/// The most idle connections in the pool, to all servers together.
const ALL_IDLE_CONNECTIONS: usize = 64;

/// The HTTP client of all guests.
pub(super) struct Outbound {
    connector: Connector,
    idle: Mutex<HashMap<Server, Vec<SendRequest<WasiBody>>>>,
    connect: Duration,
    wait: Duration,
    longest_wait: Duration,
    idle_connections: usize,
    turns: Turns,
    /// Places for the requests of all guests.
    requests: Arc<Semaphore>,
}

impl Outbound {
    /// `pause` lies between two requests to one server. `leaves` says that servers beyond this machine may be asked: it
    /// is for them that the user has proxies and certificates.
    pub(super) fn new(limits: &Limits, pause: Duration, leaves: bool) -> Result<Arc<Self>, StartError> {
        Ok(Arc::new(Self {
            connector: if leaves {
                Connector::from_environment()?
            } else {
                Connector::within_this_machine()?
            },
            idle: Mutex::default(),
            connect: limits.connect,
            wait: limits.outbound_wait,
            longest_wait: limits.longest_outbound_wait,
            idle_connections: limits.idle_connections,
            requests: Arc::new(Semaphore::new(limits.outbound_requests)),
            turns: Turns::new(pause),
        }))
    }

    /// Sends a request that was found to be allowed, in its turn. The guest's own time-outs hold, up to the longest.
    ///
    /// `place` is the request's among those of its guest; it is free again when the response was read.
    pub(super) async fn send(
        self: Arc<Self>,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        waiting: &Arc<Waiting>,
        place: OwnedSemaphorePermit,
    ) -> Result<Response<WasiBody>, Error> {
        let options = options.unwrap_or_default();
        let wished = |own: Option<Duration>, host: Duration| own.unwrap_or(host).min(self.longest_wait);
        let connect = wished(options.connect_timeout, self.connect);
        let first_byte = wished(options.first_byte_timeout, self.wait);
        let between_bytes = wished(options.between_bytes_timeout, self.wait);

        let (server, mut request) = prepare(request)?;
        let wait = waiting.begin();
        let turn = self.turns.wait(&server).await;
        drop(wait);
        let common_place = timeout(connect, self.requests.clone().acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(Error::ConnectionLimitReached)?;
        let under_way = UnderWay {
            _turn: turn,
            _places: (place, common_place),
        };
        let mut sender;
        let response = loop {
            let reused = self.take(&server).await;
            let fresh = reused.is_none();
            sender = match reused {
                Some(sender) => sender,
                None => timeout(connect, self.connector.connect(&server))
                    .await
                    .map_err(|_| Error::ConnectionTimeout)??,
            };
            let again = again(&request);
            match timeout(first_byte, sender.try_send_request(request)).await {
                Err(_) => return Err(Error::ConnectionReadTimeout),
                Ok(Ok(response)) => break response,
                // The server may have closed a kept connection a moment ago.
                Ok(Err(mut error)) => match error.take_message().or(again) {
                    Some(unanswered) if !fresh => request = unanswered,
                    _ => return Err(of_head(error.into_error())),
                },
            }
        };
        Ok(response.map(|incoming| {
            let connection = Some((self, server, sender));
            ResponseBody {
                incoming,
                stall: None,
                between_bytes,
                connection,
                under_way: Some(under_way),
            }
            .boxed_unsync()
        }))
    }

    /// Takes a usable connection from the pool.
    async fn take(&self, server: &Server) -> Option<SendRequest<WasiBody>> {
        loop {
            let mut sender = self.lock().get_mut(server)?.pop()?;
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    fn keep(&self, server: Server, sender: SendRequest<WasiBody>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.lock();
        let of_server = idle.get(&server).map_or(0, Vec::len);
        let of_all = idle.values().map(Vec::len).sum::<usize>();
        if of_server >= self.idle_connections || of_all >= ALL_IDLE_CONNECTIONS {
            // Servers close what is not used.
            idle.retain(|_, kept| {
                kept.retain(|sender| !sender.is_closed());
                !kept.is_empty()
            });
        }
        let all = idle.values().map(Vec::len).sum::<usize>();
        let kept = idle.entry(server).or_default();
        if kept.len() < self.idle_connections && all < ALL_IDLE_CONNECTIONS {
            kept.push(sender);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Server, Vec<SendRequest<WasiBody>>>> {
        // Nothing panics while the lock is held, and a list of connections can't be half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the server out of a request, and leaves what is written on the wire.
fn prepare(mut request: Request<WasiBody>) -> Result<(Server, Request<WasiBody>), Error> {
    let uri = request.uri();
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    let tls = uri.scheme() == Some(&Scheme::HTTPS);
    if authority.as_str().contains('@') {
        return Err(Error::HttpRequestUriInvalid);
    }
    let path = uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    // An absolute address in its place would ask the server, were it a proxy, for a host that was not allowed.
    if !path.as_str().starts_with('/') {
        return Err(Error::HttpRequestUriInvalid);
    }
    // Two lengths are two opinions on where the next request begins.
    if request.headers().get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(Error::HttpProtocolError);
    }
    let server = Server {
        tls,
        host: authority.host().to_ascii_lowercase(),
        port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
    };
    let host = authority.as_str().parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(HOST, host);
    *request.uri_mut() = Uri::from(path);
    Ok((server, request))
}

/// A request that may be sent a second time where it is not known whether the first one arrived.
fn again(request: &Request<WasiBody>) -> Option<Request<WasiBody>> {
    let repeatable = request.method().is_safe() && request.body().is_end_stream();
    repeatable.then(|| {
        let mut again = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        *again.method_mut() = request.method().clone();
        *again.uri_mut() = request.uri().clone();
        *again.headers_mut() = request.headers().clone();
        again
    })
}

/// A response's body, which gives its connection back when it was read to its end.
struct ResponseBody {
    incoming: Incoming,
    /// Runs while the next piece is awaited, not while the guest is busy with the last one.
    stall: Option<Pin<Box<Sleep>>>,
    between_bytes: Duration,
    connection: Option<(Arc<Outbound>, Server, SendRequest<WasiBody>)>,
    under_way: Option<UnderWay>,
}

/// What a request occupies until its response was read, or is not wanted any more.
struct UnderWay {
    _turn: Option<Turn>,
    _places: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl ResponseBody {
    fn finished(&mut self) {
        self.under_way = None;
        if let Some((outbound, server, sender)) = self.connection.take() {
            outbound.keep(server, sender);
        }
    }

    fn broken(&mut self) {
        self.under_way = None;
        self.connection = None;
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                self.stall = None;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.broken();
                Poll::Ready(Some(Err(of_body(error))))
            }
            Poll::Ready(None) => {
                self.finished();
                Poll::Ready(None)
            }
            Poll::Pending => {
                let between_bytes = self.between_bytes;
                let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(between_bytes)));
                ready!(stall.as_mut().poll(context));
                self.broken();
                Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // Said only once it was given back: whoever stops reading at this point would otherwise close the connection.
        self.connection.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
