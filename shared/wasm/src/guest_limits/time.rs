//! A limit on how long a guest may run.

use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The work was not done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {} s", .limit.as_secs_f64())]
pub struct TimedOut {
    /// How long it was given.
    pub limit: Duration,
}

/// Does `work` on a thread of its own and waits at most `limit` for it.
///
/// Work that is late is left behind, still running: the caller is expected to report it and to end the process. This
/// is for programs that run one guest and exit. Wasmer's own ways of stopping a guest both cost something on every
/// call or in every loop, in a guest that behaves as well: its feature `experimental-host-interrupt` registers each
/// call in a map shared by all threads, its metering counts instructions (and one instruction can fill a memory).
///
/// A panic in `work` goes on in the caller.
pub fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, TimedOut> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let worker = thread::spawn(move || {
        // The receiver is gone when the work is late: then nobody wants its result.
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
