//! The HTTP server in front of an application.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};

use super::application::Application;

/// What is read from a connection at once: a package page in one piece, and 64 MiB for all connections together.
const READ_BUFFER_BYTES: usize = 256 << 10;

/// How long to wait after the system refused a connection, which it does when files or memory run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long requests may take to finish beyond their deadline once the host was told to stop.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// Serves until it is told to stop, then lets running requests finish. Dropped, it drops its connections.
pub(super) async fn serve(application: Arc<Application>, listener: TcpListener, mut stop: oneshot::Receiver<()>) {
    let limits = *application.limits();
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        // A place first: connections for which there is none wait in the listener's queue, at no cost to the host.
        let accepted = tokio::select! {
            // An error means that the handle is gone, which is a way of telling it to stop.
            _ = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&places, &listener) => accepted,
        };
        let Ok((stream, client, place)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let application = application.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let application = application.clone();
            async move { Ok::<_, Infallible>(application.answer(request, client).await) }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_wait)
            .max_headers(limits.headers)
            .max_buf_size(READ_BUFFER_BYTES);
        let connection = builder.serve_connection(TokioIo::new(Impatient::new(stream, limits.stall)), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // Clients break off, and send what is not HTTP; hyper has answered them where an answer is possible.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let finished = timeout(limits.deadline + STOP_MARGIN, graceful.shutdown());
    let mut finished = pin!(finished);
    loop {
        tokio::select! {
            _ = &mut finished => return,
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn accept(
    places: &Arc<Semaphore>,
    listener: &TcpListener,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, client) = listener.accept().await?;
    // Answers are written in one piece, or as they come.
    stream.set_nodelay(true)?;
    Ok((stream, client, place))
}

/// A connection whose client has to take what it is sent: one that stops reading is closed.
struct Impatient {
    stream: TcpStream,
    patience: Duration,
    stall: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            stall: None,
        }
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let patience = self.patience;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.watch(context, written)
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
