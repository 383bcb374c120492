//! The time that a request waits for its turn at another server. It is the host that makes it wait, so the time is not
//! charged to the guest: its deadline moves by as much, and its monotonic clock, by which it measures its own
//! time-outs, stands still.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime_wasi::HostMonotonicClock;

/// The most that a deadline moves: a guest that is made to wait for ever holds its place no longer than this.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How long one request has been waiting so far.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Outbound requests of this request that wait now, and since when there has been one.
    waits: u32,
    since: Option<Instant>,
    /// In all waits before.
    ended: Duration,
}

impl State {
    fn total(&self) -> Duration {
        let now = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        (self.ended + now).min(LONGEST)
    }
}

impl Waiting {
    /// Waits until this is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Wait {
        let mut state = self.lock();
        state.waits += 1;
        if state.since.is_none() {
            state.since = Some(Instant::now());
        }
        drop(state);
        Wait(self.clone())
    }

    pub(super) fn total(&self) -> Duration {
        self.lock().total()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One wait.
pub(super) struct Wait(Arc<Waiting>);

impl Drop for Wait {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.waits -= 1;
        if state.waits == 0 {
            state.ended = state.total();
            state.since = None;
        }
    }
}

/// The guest's monotonic clock.
pub(super) struct GuestClock {
    origin: Instant,
    waiting: Arc<Waiting>,
}

impl GuestClock {
    pub(super) fn new(waiting: Arc<Waiting>) -> Self {
        Self {
            origin: Instant::now(),
            waiting,
        }
    }
}

impl HostMonotonicClock for GuestClock {
    fn resolution(&self) -> u64 {
        1
    }

    /// In nanoseconds.
    fn now(&self) -> u64 {
        // The total first: what passes between the two readings is to make the clock late, never to turn it back.
        let waited = self.waiting.total();
        let passed = self.origin.elapsed().saturating_sub(waited);
        u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    #[test]
    fn waits_that_overlap_count_once_and_the_clock_stands_still() {
        let waiting = Arc::new(Waiting::default());
        let clock = GuestClock::new(waiting.clone());
        let begun = Instant::now();
        let (first, second) = (waiting.begin(), waiting.begin());
        let before = clock.now();
        sleep(Duration::from_millis(30));
        drop(first);
        sleep(Duration::from_millis(30));
        let after = clock.now();
        drop(second);
        let total = waiting.total();
        assert!(
            total >= Duration::from_millis(60) && total <= begun.elapsed(),
            "{total:?}"
        );
        sleep(Duration::from_millis(5));
        assert_eq!(waiting.total(), total);
        // Some microseconds lie between two readings of a clock.
        assert!(after - before < 30_000_000, "{} ns", after - before);
        assert!(clock.now() > after);
    }
}
