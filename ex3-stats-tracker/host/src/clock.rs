//! The time of day that guests see.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wasmtime_wasi::HostWallClock;

/// Tells the time of day. The system's, unless the guests are to live in another: a stand-in's counts, for one, are of
/// the stand-in's own time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that shows what `now` returns. It is asked each time a guest asks.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&(self.0)()).finish()
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    /// Since 1970; WASI's clock knows no time before.
    fn now(&self) -> Duration {
        (self.0)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}
