//! A time limit for a guest.

use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The work did not end within its time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {} s", .limit.as_secs_f64())]
pub struct TimedOut {
    /// The time limit.
    pub limit: Duration,
}

/// Runs `work` on a new thread and waits at most `limit` for it.
///
/// After the limit the thread still runs, so that the caller must end the process. This is for programs that run one
/// guest and exit. Wasmer's own ways of stopping a guest make each call or each loop slower: the feature
/// `experimental-host-interrupt` registers each call in a map shared by all threads, and metering counts instructions,
/// although one instruction can fill a whole memory.
///
/// A panic in `work` continues in the caller.
pub fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, TimedOut> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let worker = thread::spawn(move || {
        // After the time limit the receiver is dropped, and the result is not needed.
        _ = sender.send(work());
    });
    match receiver.recv_timeout(limit) {
        Ok(result) => Ok(result),
        Err(RecvTimeoutError::Timeout) => Err(TimedOut { limit }),
        Err(RecvTimeoutError::Disconnected) => match worker.join() {
            Err(payload) => panic::resume_unwind(payload),
            Ok(()) => unreachable!("the sender is dropped without sending only by a panic"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_is_done_in_time_returns_its_result() {
        assert_eq!(within(Duration::from_secs(600), || 7), Ok(7));
    }

    #[test]
    fn work_that_never_returns_is_reported() {
        let limit = Duration::from_millis(20);
        let never = || loop {
            thread::park();
        };
        assert_eq!(within::<()>(limit, never), Err(TimedOut { limit }));
    }

    #[test]
    #[should_panic(expected = "of its own")]
    fn a_panic_reaches_the_caller() {
        _ = within(Duration::from_secs(600), || panic!("a panic of its own"));
    }
}
