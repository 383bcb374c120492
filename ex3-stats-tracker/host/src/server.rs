//! The HTTP server in front of an application.

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

/// What is read from a connection at once: a package page in one piece, and 64 MiB for all connections together.
const READ_BUFFER_BYTES: usize = 256 << 10;

/// How long to wait after the system refused a connection, which it does when files or memory run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often it is looked for connections that are idle, when the host stops.
const IDLE_LOOK: Duration = Duration::from_millis(200);

/// How long requests may take to finish beyond their deadline once the host was told to stop.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// Serves until it is told to stop, then lets running requests finish. Dropped, it drops its connections.
pub(super) async fn serve(application: Arc<Application>, listener: TcpListener, mut stop: oneshot::Receiver<()>) {
    let limits = *application.limits();
    let graceful = GracefulShutdown::new();
    let all = Connections::new(limits.connections);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            // An error means that the handle is gone, which is a way of telling it to stop.
            _ = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, client)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Answers are written in one piece, or as they come.
        let _ = stream.set_nodelay(true);
        // One client waits here for its place; more wait in the listener's queue, at no cost to the host.
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
                // Clients break off, and send what is not HTTP; hyper has answered them where an answer is possible.
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
            () = sleep(IDLE_LOOK) => all.close_idle(),
        }
    }
}

/// Answers a request: by Spin's own paths without a place among the others, else by a component where there is one.
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
