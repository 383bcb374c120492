//! A script's way to stdout.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Stdout, which remembers why it could not be written: Ruby is told only that there was an error.
#[derive(Clone, Default)]
pub(crate) struct Output {
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Output {
    /// Why it could not be written the last time that it couldn't.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
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
        // Stdout's own buffer would keep an unfinished line, and its failure, until the end.
        let mut stdout = io::stdout().lock();
        let written = stdout.write(bytes).and_then(|length| stdout.flush().map(|()| length));
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.noted(io::stdout().flush())
    }
}
