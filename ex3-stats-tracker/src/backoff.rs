//! How long to wait before the next try.

use std::time::Duration;

/// Waits that double up to a longest one: what failed for a moment is tried soon, what stays away is not hammered at.
#[derive(Debug)]
pub(crate) struct Waits {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Waits {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.longest);
        wait
    }

    /// It went well: the first wait comes next.
    pub(crate) fn begin_anew(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_longest_and_begin_anew() {
        let mut waits = Waits::new(Duration::from_secs(1), Duration::from_secs(5));
        let seconds: Vec<_> = std::iter::repeat_with(|| waits.next().as_secs()).take(5).collect();
        assert_eq!(seconds, [1, 2, 4, 5, 5]);
        waits.begin_anew();
        assert_eq!(waits.next(), Duration::from_secs(1));
    }
}
