//! The script's standard output.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Writes to stdout and records an error, because Ruby only learns that there was one.
#[derive(Clone, Default)]
pub(crate) struct Output {
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Output {
    /// The last error of writing.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn record<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
            kind.into()
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Without `flush` an unfinished line, and the error of writing it, would stay in stdout's buffer until the end.
        let mut stdout = io::stdout().lock();
        let written = stdout.write(bytes).and_then(|length| stdout.flush().map(|()| length));
        self.record(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.record(io::stdout().flush())
    }
}
