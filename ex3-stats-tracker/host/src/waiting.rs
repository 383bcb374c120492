//! The time that a request waits for the pause between requests to another server. The host causes that wait, so it is not
//! charged to the guest: the guest's deadline is extended by it. The guest's monotonic clock, with which the guest
//! measures its own time-outs, is stopped meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wasmtime_wasi::HostMonotonicClock;

/// The longest extension of a deadline, so that a guest cannot hold its instance for ever.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The waiting time of one request.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of outbound requests that wait now, and the start of the current wait.
    waits: u32,
    since: Option<Instant>,
    /// The total of all earlier waits.
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
        // No code panics while the lock is held.
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
        // The total is read first: time that passes between the two reads then makes the clock late, and never earlier.
        let waited = self.waiting.total();
        let passed = self.origin.elapsed().saturating_sub(waited);
        u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn waits_that_overlap_count_once_and_the_clock_stands_still() {
        let waiting = Arc::new(Waiting::default());
        let clock = GuestClock::new(waiting.clone());
        sleep(Duration::from_secs(1)).await;
        let (first, second) = (waiting.begin(), waiting.begin());
        let before = clock.now();
        sleep(Duration::from_secs(30)).await;
        drop(first);
        sleep(Duration::from_secs(30)).await;
        assert_eq!(clock.now(), before);
        drop(second);
        assert_eq!(waiting.total().as_secs(), 60);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(waiting.total().as_secs(), 60);
        assert_eq!(Duration::from_nanos(clock.now() - before).as_secs(), 5);
        let _third = waiting.begin();
        sleep(2 * LONGEST).await;
        assert_eq!(waiting.total(), LONGEST);
    }
}
