//! The signals that end the program, such as Ctrl-C.

#[cfg(unix)]
use std::sync::LazyLock;
use std::{process, time::Duration};

use system::command_line;

use super::error::Error;

/// The time that running work has to end.
const GRACE_PERIOD: Duration = Duration::from_secs(3);

/// The exit code of a program that was ended by Ctrl-C: 128 plus the signal's number.
pub(super) const INTERRUPTED: u8 = 130;

/// The signals that end the program: SIGINT (Ctrl-C), SIGTERM, and SIGHUP, which a closed terminal sends.
pub(super) struct Stop {
    signals: Signals,
}

struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Error::new(
                    format!("signals can't be listened to: {error}"),
                    sysexits::ExitCode::OsErr,
                )
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: if *IGNORES_HANG_UP {
                None
            } else {
                Some(listen(SignalKind::hangup())?)
            },
        })
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Self, Error> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            Some(_) = async { self.hang_up.as_mut()?.recv().await } => {}
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Whether this program was started with SIGHUP ignored, for example by `nohup`. Read before the program handles SIGHUP.
#[cfg(unix)]
static IGNORES_HANG_UP: LazyLock<bool> = LazyLock::new(|| {
    // `SigIgn` is a hexadecimal mask of the ignored signals. SIGHUP is the lowest bit.
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & 1 != 0)
    })
});

impl Stop {
    pub(super) fn listen() -> Result<Self, Error> {
        Ok(Self {
            signals: Signals::listen()?,
        })
    }

    /// Waits for the first signal. A second signal ends the program at once.
    pub(super) async fn wait(&mut self) {
        self.signals.next().await;
        if let Ok(mut again) = Signals::listen() {
            tokio::spawn(async move {
                again.next().await;
                process::exit(INTERRUPTED.into());
            });
        }
    }
}

/// The message after the first signal.
pub(super) const ENDING: &str = "ending; Ctrl-C once more ends at once";

/// Waits a few seconds for a future that ends work, and then drops it.
pub(super) async fn gracefully(ending: impl Future<Output = ()>) {
    if tokio::time::timeout(GRACE_PERIOD, ending).await.is_err() {
        command_line::note(format_args!(
            "what was under way after {} s was ended",
            GRACE_PERIOD.as_secs()
        ));
    }
}
