//! The HTTP server of an application.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};

use super::application::Application;
use super::connections::{AnswerBody, Connections, Requests};
use super::problem::Problem;

/// The read buffer of a connection: enough for a package page in one piece, and 64 MiB for all connections together.
const READ_BUFFER_BYTES: usize = 256 << 10;

/// The pause after a failed `accept`, which is due to a lack of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The interval at which a stopping host closes idle connections.
const IDLE_CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// The time beyond the deadline that a stopping host waits for running requests.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// Serves until `stop` completes, then waits for running requests. If the future is dropped, its connections are
/// closed.
pub(super) async fn serve(application: Arc<Application>, listener: TcpListener, mut stop: oneshot::Receiver<()>) {
    let limits = *application.limits();
    let graceful = GracefulShutdown::new();
    let all = Connections::new(limits.connections);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            // An error means that the sender was dropped, which also stops the server.
            _ = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, client)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Small responses are sent at once.
        let _ = stream.set_nodelay(true);
        // One client waits here for its place. Others wait in the listener's queue and use no memory of the host.
        let mut entered = pin!(all.enter());
        let open = loop {
            tokio::select! {
                _ = &mut stop => break None,
                open = &mut entered => break Some(open),
                Some(_) = connections.join_next() => {}
            }
        };
        let Some(open) = open else { break };
        let (application, requests) = (application.clone(), open.requests());
        let service = service_fn(move |request: Request<Incoming>| {
            let (application, requests) = (application.clone(), requests.clone());
            async move { Ok::<_, Infallible>(answer(&application, &requests, request, client).await) }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_wait)
            .max_headers(limits.headers)
            .max_buf_size(READ_BUFFER_BYTES);
        let connection = builder.serve_connection(TokioIo::new(StallTimeout::new(stream, limits.stall)), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            tokio::select! {
                // An error is ignored: the client disconnected, or sent no HTTP, to which hyper responds if possible.
                _ = connection => {}
                () = open.closed() => {}
            }
        });
    }
    drop(listener);
    let finished = timeout(limits.deadline + STOP_MARGIN, graceful.shutdown());
    let mut finished = pin!(finished);
    loop {
        tokio::select! {
            _ = &mut finished => return,
            Some(_) = connections.join_next() => {}
            () = sleep(IDLE_CHECK_INTERVAL) => all.close_idle(),
        }
    }
}

/// Answers a request: one of Spin's own paths at once, any other by a component, if there is a free place.
async fn answer(
    application: &Application,
    requests: &Requests,
    request: Request<Incoming>,
    client: SocketAddr,
) -> Response<AnswerBody> {
    let mut answering = requests.begin();
    let response = match application.well_known(request.uri().path()) {
        Some(response) => response,
        None if answering.enter(requests, application.limits().queue_wait).await => {
            application.answer(request, client).await
        }
        None => Problem::busy().into_response(),
    };
    let (mut head, body) = response.into_parts();
    if requests.are_to_end() {
        head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Response::from_parts(head, answering.with(body))
}

/// A connection with a time limit for stalled writes: it is closed if the client stops reading.
struct StallTimeout {
    stream: TcpStream,
    timeout: Duration,
    stall: Option<Pin<Box<Sleep>>>,
}

impl StallTimeout {
    fn new(stream: TcpStream, timeout: Duration) -> Self {
        Self {
            stream,
            timeout,
            stall: None,
        }
    }

    fn check_stall<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let timeout = self.timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for StallTimeout {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for StallTimeout {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check_stall(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.check_stall(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
