//! Which requests came, how they were answered, and how many were under way at once: what tests of good manners read.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use serde::Serialize;

/// More requests than any test makes; a stand-in that is left running must not fill the memory.
const REMEMBERED: usize = 100_000;

/// One request to the stand-in. Requests to its control addresses are not logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// `GET`, `HEAD`, …
    pub method: String,
    /// Path and query as they came.
    pub path: String,
    /// The `User-Agent`, if there was one.
    pub user_agent: Option<String>,
    /// The `Accept-Encoding`, if there was one.
    pub accept_encoding: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// The fault that was at work, as it is written.
    pub fault: Option<String>,
    /// When it came, in milliseconds since the stand-in started.
    pub began_at: u64,
    /// When its answer had been handed over, or its client was gone; `None` while it is under way.
    pub ended_at: Option<u64>,
}

/// A copy of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    /// In the order they came.
    pub requests: Vec<LoggedRequest>,
    /// How many were under way at once, at most.
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
    under_way: usize,
    /// How often the log was cleared: an entry of an earlier log must not be written to.
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
        state.under_way += 1;
        state.log.maximum_concurrency = state.log.maximum_concurrency.max(state.under_way);
        request.began_at = self.milliseconds();
        let index = state.log.requests.len();
        if index < REMEMBERED {
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
            maximum_concurrency: state.under_way,
        };
    }

    fn milliseconds(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the log")
    }
}

/// A request under way; dropped when its answer has been handed over.
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
        self.recorder.lock().under_way -= 1;
        self.update(|request| request.ended_at = Some(ended_at));
    }
}
