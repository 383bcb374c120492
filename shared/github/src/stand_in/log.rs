//! The log of requests: their answers, and how many were active at the same time. Tests of a client's request policy
//! read it.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use serde::Serialize;

/// The limit of logged requests, so that a stand-in that runs for long does not use up the memory. No test makes as
/// many.
const MAX_REQUESTS: usize = 100_000;

/// One request to the stand-in. Requests to its control addresses are not logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// The method: `GET`, `HEAD`, …
    pub method: String,
    /// The path with the query, not decoded.
    pub path: String,
    /// The header `User-Agent`.
    pub user_agent: Option<String>,
    /// The header `Accept-Encoding`.
    pub accept_encoding: Option<String>,
    /// The status of the answer; 0 before it is known.
    pub status: u16,
    /// The fault that was applied, in the syntax of [`Fault`](crate::stand_in::Fault).
    pub fault: Option<String>,
    /// The begin of the request, in milliseconds since the stand-in started.
    pub began_at: u64,
    /// The time when the answer was sent or the client had disconnected, in milliseconds; `None` for an active request.
    pub ended_at: Option<u64>,
}

/// A copy of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    /// The requests, in the order of arrival.
    pub requests: Vec<LoggedRequest>,
    /// The largest number of requests that were active at the same time.
    pub maximum_concurrency: usize,
}

#[derive(Debug)]
pub(crate) struct Recorder {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    log: Log,
    active: usize,
    /// The number of times that the log was cleared: an entry of an earlier log must not change the current one.
    generation: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            state: Mutex::default(),
        }
    }
}

impl Recorder {
    pub(crate) fn begin(self: &Arc<Self>, mut request: LoggedRequest) -> Entry {
        let mut state = self.lock();
        state.active += 1;
        state.log.maximum_concurrency = state.log.maximum_concurrency.max(state.active);
        request.began_at = self.milliseconds();
        let index = state.log.requests.len();
        if index < MAX_REQUESTS {
            state.log.requests.push(request);
        }
        Entry {
            recorder: Arc::clone(self),
            index,
            generation: state.generation,
        }
    }

    pub(crate) fn copy(&self) -> Log {
        self.lock().log.clone()
    }

    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.generation += 1;
        state.log = Log {
            requests: Vec::new(),
            maximum_concurrency: state.active,
        };
    }

    fn milliseconds(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the log")
    }
}

/// An active request. It is dropped when the answer has been sent.
#[derive(Debug)]
pub(crate) struct Entry {
    recorder: Arc<Recorder>,
    index: usize,
    generation: u64,
}

impl Entry {
    pub(crate) fn answered(&self, status: u16, fault: Option<String>) {
        self.update(|request| {
            request.status = status;
            request.fault = fault;
        });
    }

    fn update(&self, change: impl FnOnce(&mut LoggedRequest)) {
        let mut state = self.recorder.lock();
        if state.generation == self.generation
            && let Some(request) = state.log.requests.get_mut(self.index)
        {
            change(request);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let ended_at = self.recorder.milliseconds();
        self.recorder.lock().active -= 1;
        self.update(|request| request.ended_at = Some(ended_at));
    }
}
