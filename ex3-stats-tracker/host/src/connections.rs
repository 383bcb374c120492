//! The connections of all clients, and the choice of the connection that is closed for a waiting client.
//!
//! A connection without a running request is kept alive by a client, or receives its headers slowly. At the limit of
//! connections, the one that was idle for the longest time is closed for the next client. Otherwise some hundred idle
//! connections would block all clients, health checks included.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use wasmtime_wasi_http::{Error, WasiBody};

/// Connections beyond those on which requests are answered: on these it is said that there is no place, or that the
/// host is alive.
const SPARE: usize = 16;

/// The time for which an idle connection is never closed: a client that has just connected is about to send its request.
const LEAST_IDLE: Duration = Duration::from_secs(1);

pub(super) struct Connections {
    places: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    open: Mutex<Open>,
    /// Whether a client waits for a place. Connections then end with their answer.
    full: AtomicBool,
}

#[derive(Default)]
struct Open {
    last: u64,
    connections: HashMap<u64, Arc<State>>,
}

#[derive(Debug)]
struct State {
    /// `None` while a request is being answered.
    idle_since: Mutex<Option<Instant>>,
    closed: Notify,
}

impl State {
    fn set_idle_since(&self, since: Option<Instant>) {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn idle_since(&self) -> Option<Instant> {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    /// `requests` are answered at the same time, each on a connection of its own.
    pub(super) fn new(requests: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(requests + SPARE)),
            requests: Arc::new(Semaphore::new(requests)),
            open: Mutex::default(),
            full: AtomicBool::new(false),
        })
    }

    /// Makes room for a client that has connected. Waits where all others are answered at present, or connected a
    /// moment ago.
    pub(super) async fn enter(self: &Arc<Self>) -> Connection {
        let place = loop {
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                break place;
            }
            self.full.store(true, Ordering::Relaxed);
            let look_again = match self.longest_idle() {
                Some((number, since)) if since.elapsed() >= LEAST_IDLE => {
                    self.close(number);
                    Instant::now() + LEAST_IDLE
                }
                Some((_, since)) => since + LEAST_IDLE,
                None => Instant::now() + LEAST_IDLE,
            };
            tokio::select! {
                Ok(place) = self.places.clone().acquire_owned() => break place,
                () = sleep_until(look_again) => {}
            }
        };
        self.full.store(false, Ordering::Relaxed);
        let state = Arc::new(State {
            idle_since: Mutex::new(Some(Instant::now())),
            closed: Notify::new(),
        });
        let mut open = self.lock();
        open.last += 1;
        let number = open.last;
        open.connections.insert(number, state.clone());
        Connection {
            all: self.clone(),
            number,
            state,
            _place: place,
        }
    }

    /// Closes what is idle: the host is about to stop, and a head that never ends would hold it up.
    pub(super) fn close_idle(&self) {
        let idle = |state: &Arc<State>| state.idle_since().is_some_and(|since| since.elapsed() >= LEAST_IDLE);
        self.lock().connections.retain(|_, state| {
            let closes = idle(state);
            if closes {
                state.closed.notify_one();
            }
            !closes
        });
    }

    fn longest_idle(&self) -> Option<(u64, Instant)> {
        let open = self.lock();
        let idle = |(number, state): (&u64, &Arc<State>)| state.idle_since().map(|since| (*number, since));
        open.connections.iter().filter_map(idle).min_by_key(|(_, since)| *since)
    }

    fn close(&self, number: u64) {
        if let Some(state) = self.lock().connections.remove(&number) {
            state.closed.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        // No code panics while the lock is held.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's connection, counted until this is dropped.
pub(super) struct Connection {
    all: Arc<Connections>,
    number: u64,
    state: Arc<State>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// Its requests.
    pub(super) fn requests(&self) -> Requests {
        Requests {
            all: self.all.clone(),
            state: self.state.clone(),
        }
    }

    /// Resolves when its place is needed.
    pub(super) async fn closed(&self) {
        self.state.closed.notified().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.lock().connections.remove(&self.number);
    }
}

/// The requests of one connection, one after the other.
#[derive(Clone)]
pub(super) struct Requests {
    all: Arc<Connections>,
    state: Arc<State>,
}

impl Requests {
    /// A request begins: the connection is not idle until the answer ends.
    pub(super) fn begin(&self) -> Answering {
        self.state.set_idle_since(None);
        Answering {
            state: self.state.clone(),
            place: None,
        }
    }

    /// Whether the connection is to end with its answer.
    pub(super) fn are_to_end(&self) -> bool {
        self.all.full.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
pub(super) struct Answering {
    state: Arc<State>,
    place: Option<OwnedSemaphorePermit>,
}

impl Answering {
    /// Takes a place among the requests that are answered at the same time. `false` where there is none within `wait`.
    pub(super) async fn enter(&mut self, requests: &Requests, wait: Duration) -> bool {
        let place = requests.all.requests.clone();
        self.place = match place.clone().try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => timeout(wait, place.acquire_owned()).await.ok().and_then(Result::ok),
        };
        self.place.is_some()
    }

    /// The answer's body, which ends the request with its own end.
    pub(super) fn with(self, body: WasiBody) -> AnswerBody {
        AnswerBody { body, _answering: self }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.state.set_idle_since(Some(Instant::now()));
    }
}

/// A body that keeps its connection from being idle.
pub(super) struct AnswerBody {
    body: WasiBody,
    _answering: Answering,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_one_that_was_idle_for_longest_gives_its_place() {
        let connections = Connections::new(2);
        let mut open = Vec::new();
        for _ in 0..2 + SPARE {
            open.push(connections.enter().await);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The oldest is answering; the second oldest did so until now.
        let answering = open[0].requests().begin();
        drop(open[1].requests().begin());
        let before = Instant::now();
        let third = open.remove(2);
        let next = tokio::spawn({
            let connections = connections.clone();
            async move { connections.enter().await }
        });
        timeout(Duration::from_secs(1), third.closed()).await.unwrap();
        assert!(open[0].requests().are_to_end());
        drop(third);
        let next = next.await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert!(!next.requests().are_to_end());
        drop(answering);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_just_connected_is_left_its_moment() {
        let connections = Connections::new(1);
        let mut open = Vec::new();
        for _ in 0..=SPARE {
            open.push(connections.enter().await);
        }
        let before = Instant::now();
        let next = tokio::spawn({
            let connections = connections.clone();
            async move { connections.enter().await }
        });
        first_of(open.iter().map(|connection| Box::pin(connection.closed())).collect()).await;
        assert!(before.elapsed() >= LEAST_IDLE);
        open.clear();
        next.await.unwrap();
    }

    /// Waits for the first of them that is done.
    async fn first_of<F: Future<Output = ()> + Unpin>(mut futures: Vec<F>) {
        std::future::poll_fn(|context| {
            let done = futures
                .iter_mut()
                .any(|future| Pin::new(future).poll(context).is_ready());
            if done { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn requests_have_places_of_their_own() {
        let connections = Connections::new(1);
        let (one, other) = (connections.enter().await, connections.enter().await);
        let mut first = one.requests().begin();
        assert!(first.enter(&one.requests(), Duration::from_secs(5)).await);
        let mut second = other.requests().begin();
        assert!(!second.enter(&other.requests(), Duration::from_secs(5)).await);
        drop(first);
        assert!(second.enter(&other.requests(), Duration::from_secs(5)).await);
    }
}
