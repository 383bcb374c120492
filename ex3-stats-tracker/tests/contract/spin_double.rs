//! A host that behaves like Spin where Spin differs from the embedded host. The behaviour was observed in Spin 3.6.3
//! and 4.0.2 on 2026-11-27. Spin's own crates are in no registry; this host uses the crates that Spin depends on.
//!
//! - A request's body is streamed to the component, without a limit. With the answer the connection closes: a client
//!   that still sends gets a broken connection instead of the answer.
//! - Each broken connection to another server is an `HTTP-protocol-error`, before an answer and in the middle of it.
//! - A guest continues after its client has disconnected, until it ends by itself.
//! - If a guest fails in the middle of its answer, the answer ends there like a complete one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep, timeout};
use wasm::compiled_code::{Key, Store as CodeStore};
use wasmtime::component::{Component, Linker, Resource};
use wasmtime::{Config, Engine, Store, StoreContextMut};
use wasmtime_wasi::{HostMonotonicClock, WasiCtx};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, IoError, Scheme};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, WasiHttpView};

use super::addresses::LOOPBACK;
use super::component;

/// The time-outs of a guest's request without its own.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// How long the server waits for another part of the body to find out whether a client still sends.
const STILL_SENDING: Duration = Duration::from_secs(1);

/// Options of the host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Behaviour {
    /// The guest's monotonic clock advances by this at each reading, so that its time-outs pass at once.
    pub(crate) clock_step: Duration,
    /// The number of bytes after which each answer ends, like after a guest's failure. `None`: the answer is complete.
    pub(crate) cut_answers: Option<usize>,
}

/// A running application, which stops on drop.
pub(crate) struct SpinDouble {
    address: SocketAddr,
    guests: Arc<Guests>,
    server: JoinHandle<()>,
}

/// Counts and failures of the guests.
#[derive(Default)]
pub(crate) struct Guests {
    running: AtomicUsize,
    /// Guests whose client had disconnected before their answer.
    abandoned: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl SpinDouble {
    pub(crate) async fn start(variables: BTreeMap<String, String>, behaviour: Behaviour) -> SpinDouble {
        let handler = tokio::task::spawn_blocking(handler).await.expect("it is compiled");
        let listener = TcpListener::bind(LOOPBACK).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let guests = Arc::<Guests>::default();
        let application = Arc::new(Application {
            handler,
            variables: Arc::new(variables),
            behaviour,
            guests: guests.clone(),
        });
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let application = application.clone();
                let service = service_fn(move |request| application.clone().answer(request));
                // The guest runs in a task of its own, so that a disconnect does not stop it.
                tokio::spawn(server::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        SpinDouble {
            address,
            guests,
            server,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn running(&self) -> usize {
        self.guests.running.load(Ordering::Acquire)
    }

    pub(crate) fn abandoned(&self) -> usize {
        self.guests.abandoned.load(Ordering::Acquire)
    }

    /// The errors of failed guests, which Spin logs.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.guests
            .failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for SpinDouble {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The module as a component, encoded like in Spin, compiled and linked.
fn handler() -> ProxyPre<State> {
    let mut config = Config::new();
    config.concurrency_support(false);
    let engine = Engine::new(&config).expect("an engine");
    let component = component::encoded();
    let store = CodeStore::at(Path::new(env!("CARGO_TARGET_TMPDIR")).join("spin-double-compiled-code"));
    let key = Key::new(&component, "wasmtime", env!("CARGO_PKG_VERSION"), "spin double");
    let compiled: wasmtime::Result<Component> = store.load_or_compile(
        &key,
        // SAFETY: this test wrote it, and nobody else could have.
        |entry| unsafe { Component::deserialize(&engine, entry.code()) },
        || {
            let component = Component::new(&engine, &component)?;
            let code = component.serialize()?;
            Ok((component, code))
        },
    );
    let linked = linker(&engine)
        .and_then(|linker| linker.instantiate_pre(&compiled?))
        .and_then(ProxyPre::new);
    linked.unwrap_or_else(|error| panic!("{error:#}"))
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = component::linker(engine, |variables: &Variables, name| variables.get(name).cloned())?;
    linker.allow_shadowing(true);
    linker.instance("wasi:http/types@0.2.12")?.func_wrap(
        "http-error-code",
        |mut store: StoreContextMut<'_, State>, (error,): (Resource<IoError>,)| {
            let error = store.data_mut().table.get(&error)?;
            Ok((error.downcast_ref::<Error>().map(|error| match error {
                Error::ConnectionReadTimeout => ErrorCode::ConnectionReadTimeout,
                _ => ErrorCode::HttpProtocolError,
            }),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(linker)
}

struct Application {
    handler: ProxyPre<State>,
    variables: Variables,
    behaviour: Behaviour,
    guests: Arc<Guests>,
}

impl Application {
    /// `Err` closes the connection.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<WasiBody>, &'static str> {
        let (head, body) = request.into_parts();
        let body = Shared::new(body);
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(self.clone().run(Request::from_parts(head, body.clone()), sender));
        let response = match receiver.await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) | Err(_) => {
                let mut response = Response::new(Full::default().map_err(|never| match never {}).boxed_unsync());
                *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        };
        if body.still_arrives().await {
            return Err("the client is still sending");
        }
        Ok(match self.behaviour.cut_answers {
            None => response,
            Some(remaining) => response.map(|inner| Cut { inner, remaining }.boxed_unsync()),
        })
    }

    /// Runs a guest to its end.
    async fn run(self: Arc<Self>, request: Request<Shared>, sender: oneshot::Sender<Answer>) {
        self.guests.running.fetch_add(1, Ordering::AcqRel);
        if let Err(error) = self.call(request, sender).await {
            let mut failures = self.guests.failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.push(format!("{error:#}"));
        }
        self.guests.running.fetch_sub(1, Ordering::AcqRel);
    }

    async fn call(&self, request: Request<Shared>, sender: oneshot::Sender<Answer>) -> wasmtime::Result<()> {
        let guests = self.guests.clone();
        let state = state(self.variables.clone(), self.behaviour.clock_step);
        let mut store = Store::new(self.handler.engine(), state);
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let out = http.new_response_outparam_from_callback(move |answer| {
            if sender.send(answer).is_err() {
                guests.abandoned.fetch_add(1, Ordering::AcqRel);
            }
        })?;
        let proxy = self.handler.instantiate_async(&mut store).await?;
        proxy
            .wasi_http_incoming_handler()
            .call_handle(&mut store, request, out)
            .await
    }
}

type Answer = Result<Response<WasiBody>, ErrorCode>;

/// A request's body, shared by the guest, which reads it, and the server, which checks whether it has ended.
#[derive(Clone)]
struct Shared(Arc<Mutex<Sent>>);

struct Sent {
    incoming: Incoming,
    ended: bool,
}

impl Shared {
    fn new(incoming: Incoming) -> Shared {
        let ended = incoming.is_end_stream();
        Shared(Arc::new(Mutex::new(Sent { incoming, ended })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn still_arrives(mut self) -> bool {
        let ended = self.lock().ended;
        !ended && matches!(timeout(STILL_SENDING, self.frame()).await, Ok(Some(Ok(_))))
    }
}

impl Body for Shared {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut sent = self.lock();
        let frame = Pin::new(&mut sent.incoming).poll_frame(context);
        sent.ended |= matches!(frame, Poll::Ready(None)) || sent.incoming.is_end_stream();
        frame
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().incoming.size_hint()
    }
}

/// A body that ends early and without an error.
struct Cut {
    inner: WasiBody,
    remaining: usize,
}

impl Body for Cut {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        frame.map_ok(|frame| match frame.into_data() {
            Ok(mut data) => {
                data.truncate(self.remaining);
                self.remaining -= data.len();
                Frame::data(data)
            }
            Err(trailers) => trailers,
        })
    }
}

type Variables = Arc<BTreeMap<String, String>>;
type State = component::State<Hooks, Variables>;

fn state(variables: Variables, clock_step: Duration) -> State {
    let clock = SteppingClock {
        origin: Instant::now(),
        step: clock_step,
        readings: AtomicU32::new(0),
    };
    State::new(WasiCtx::builder().monotonic_clock(clock).build(), Hooks, variables)
}

/// A clock that advances at each reading.
struct SteppingClock {
    origin: Instant,
    step: Duration,
    readings: AtomicU32,
}

impl HostMonotonicClock for SteppingClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        let readings = self.readings.fetch_add(1, Ordering::Relaxed);
        let now = self.origin.elapsed() + self.step * readings;
        u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Sends the guests' requests to other servers, each over a new connection.
struct Hooks;

type Sending<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Sending<()>,
    ) -> Sending<(Response<WasiBody>, Sending<()>)> {
        Box::new(async move {
            let nothing_more: Sending<()> = Box::new(async { Ok(()) });
            Ok((send(request, options.unwrap_or_default()).await?, nothing_more))
        })
    }
}

async fn send(mut request: Request<WasiBody>, options: RequestOptions) -> Result<Response<WasiBody>, Error> {
    let authority = request
        .uri()
        .authority()
        .ok_or(Error::HttpRequestUriInvalid)?
        .to_string();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    let stream = timeout(
        options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT),
        TcpStream::connect(authority),
    )
    .await
    .map_err(|_| Error::ConnectionTimeout)?
    .map_err(|_| Error::ConnectionRefused)?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::spawn(connection);
    let response = timeout(
        options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT),
        sender.send_request(request),
    )
    .await
    .map_err(|_| Error::ConnectionReadTimeout)?
    .map_err(broken)?;
    let between_bytes = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
    Ok(response.map(|incoming| {
        Received {
            incoming,
            between_bytes,
            silence: None,
        }
        .boxed_unsync()
    }))
}

/// The same error for each broken connection.
fn broken(_: hyper::Error) -> Error {
    Error::HttpProtocolError
}

/// The body of a response.
struct Received {
    incoming: Incoming,
    between_bytes: Duration,
    silence: Option<Pin<Box<Sleep>>>,
}

impl Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            self.silence = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(broken)));
        }
        let between_bytes = self.between_bytes;
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(between_bytes)));
        let silent = silence.as_mut().poll(context);
        silent.map(|()| Some(Err(Error::ConnectionReadTimeout)))
    }
}
