//! The delays between retries.

use std::time::Duration;

/// Exponential backoff: each delay doubles, up to a limit. A short failure is retried soon, a long outage gets few retries.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// Returns the next delay.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.longest);
        wait
    }

    /// Resets to the first delay, after a success.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_reset() {
        let mut waits = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        let seconds: Vec<_> = std::iter::repeat_with(|| waits.next().as_secs()).take(5).collect();
        assert_eq!(seconds, [1, 2, 4, 5, 5]);
        waits.reset();
        assert_eq!(waits.next(), Duration::from_secs(1));
    }
}
