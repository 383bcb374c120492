//! The clock of the counts: the system's time, or a set time that does not advance by itself.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

/// A clock that can be set. All clones share the time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// `None` for the system's time.
    at: Arc<Mutex<Option<Timestamp>>>,
}

impl Clock {
    /// A clock that is stopped at `at`, or has the system's time.
    pub fn new(at: Option<Timestamp>) -> Self {
        Self {
            at: Arc::new(Mutex::new(at)),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.lock().unwrap_or_else(Timestamp::now)
    }

    /// Sets the time and stops the clock, so that figures are predictable.
    pub fn set(&self, at: Timestamp) {
        *self.lock() = Some(at);
    }

    /// Returns to the system's time.
    pub fn run(&self) {
        *self.lock() = None;
    }

    /// Advances the time and stops the clock, at the latest at [`Timestamp::MAX`].
    pub fn advance(&self, by: Duration) {
        let mut at = self.lock();
        let now = at.unwrap_or_else(Timestamp::now);
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        *at = Some(now.checked_add(by).unwrap_or(Timestamp::MAX));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.at.lock().expect("no code panics while it holds the clock")
    }
}

/// The day in UTC, as on GitHub, and the number of its seconds that have passed.
pub(crate) fn day(at: Timestamp) -> (Date, u64) {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    let seconds = u64::try_from(civil.time().duration_since(Time::midnight()).as_secs())
        .expect("no time of a day is before its midnight");
    (civil.date(), seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_until_it_is_set() {
        let clock = Clock::default();
        assert!(clock.now() >= "2025-01-01T00:00:00Z".parse().unwrap());
        clock.set("2026-05-10T12:00:00Z".parse().unwrap());
        assert_eq!(clock.now().to_string(), "2026-05-10T12:00:00Z");
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(clock.now().to_string(), "2026-05-11T12:00:00Z");
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        let clone = clock.clone();
        clone.run();
        assert!(clock.now() < Timestamp::MAX);
    }
}
