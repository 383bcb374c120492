//! The output of a guest: printed to the host's stderr line by line, with the component's id, up to a limit.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

/// The longest line in bytes. Longer lines are split.
const LINE_BYTES: usize = 1024;

/// The number of bytes that a guest may write in one call.
const WRITE_BYTES: usize = 64 << 10;

/// stdout and stderr of one request.
#[derive(Clone, Debug)]
pub(super) struct Output(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    component: Arc<str>,
    line: Vec<u8>,
    remaining: usize,
}

impl Output {
    pub(super) fn new(component: Arc<str>, limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            component,
            line: Vec::new(),
            remaining: limit,
        })))
    }

    /// Prints a line of the host about the guest, like a line of the guest.
    pub(super) fn say(&self, line: &str) {
        let mut state = self.lock();
        // An unfinished line of the guest ends here.
        state.print();
        state.append(line.as_bytes());
        state.append(b"\n");
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, bytes: &[u8]) {
        if self.remaining == 0 {
            return;
        }
        let within = &bytes[..bytes.len().min(self.remaining)];
        self.remaining -= within.len();
        for byte in within {
            if *byte != b'\n' {
                self.line.push(*byte);
            }
            if *byte == b'\n' || self.line.len() == LINE_BYTES {
                self.print();
            }
        }
        if self.remaining == 0 {
            self.print();
            self.line
                .extend_from_slice(b"(the request has reached its output limit; the rest is not printed)");
            self.print();
        }
    }

    fn print(&mut self) {
        if !self.line.is_empty() {
            let line = printable(&self.line);
            // An error is ignored: there is no other place to report a closed stderr.
            let _ = writeln!(std::io::stderr().lock(), "[{}] {line}", self.component);
            self.line.clear();
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.print();
    }
}

/// A line without control characters: a guest's output can contain text of an untrusted page.
fn printable(line: &[u8]) -> String {
    let shown = |character: char| {
        if character.is_control() && character != '\t' {
            '\u{fffd}'
        } else {
            character
        }
    };
    String::from_utf8_lossy(line)
        .trim_end_matches('\r')
        .chars()
        .map(shown)
        .collect()
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // For WASI 0.3, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.lock().append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        // The host allocates up to this number of bytes for `write-zeroes`.
        Ok(WRITE_BYTES)
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_are_not_passed_on() {
        assert_eq!(printable(b"\x1b[31mred\x07 \xff\r"), "\u{fffd}[31mred\u{fffd} \u{fffd}");
        assert_eq!(printable("gr\u{fc}n\tblau".as_bytes()), "gr\u{fc}n\tblau");
    }

    #[test]
    fn output_ends_at_the_limit() {
        let output = Output::new("test".into(), 10);
        for _ in 0..1000 {
            output.0.lock().unwrap().append(b"abc");
        }
        let state = output.0.lock().unwrap();
        assert_eq!(state.remaining, 0);
        assert!(state.line.is_empty());
    }

    #[test]
    fn lines_of_the_host_count_too() {
        let output = Output::new("test".into(), 100);
        output.0.lock().unwrap().append(b"begun");
        for _ in 0..1000 {
            output.say("a request was refused");
        }
        assert_eq!(output.0.lock().unwrap().remaining, 0);
        assert!(Output::new("test".into(), 100).check_write().unwrap() <= WRITE_BYTES);
    }
}
