//! What a guest prints: to the host's stderr, line by line, marked with the component's id and bounded.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

/// The longest line that is printed in one piece.
const LINE_BYTES: usize = 1024;

/// What is taken at a time.
const WRITE_BYTES: usize = 64 << 10;

/// stdout and stderr of one request.
#[derive(Clone, Debug)]
pub(super) struct Output(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    component: Arc<str>,
    line: Vec<u8>,
    left: usize,
}

impl Output {
    pub(super) fn new(component: Arc<str>, limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            component,
            line: Vec::new(),
            left: limit,
        })))
    }

    /// Says something of the host's own about the guest, as a line of the guest's.
    pub(super) fn say(&self, line: &str) {
        let mut state = self.lock();
        // What the guest has begun to print is a line by itself.
        state.print();
        state.take(line.as_bytes());
        state.take(b"\n");
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        if self.left == 0 {
            return;
        }
        let within = &bytes[..bytes.len().min(self.left)];
        self.left -= within.len();
        for byte in within {
            if *byte != b'\n' {
                self.line.push(*byte);
            }
            if *byte == b'\n' || self.line.len() == LINE_BYTES {
                self.print();
            }
        }
        if self.left == 0 {
            self.print();
            self.line
                .extend_from_slice(b"(the request has printed as much as it may; the rest is left out)");
            self.print();
        }
    }

    fn print(&mut self) {
        if !self.line.is_empty() {
            let line = printable(&self.line);
            // There is no one to tell that stderr is closed.
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

/// What a guest prints may come from a page: a terminal's control sequences are not passed on.
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
        // WASI 0.3's way of writing, which is not linked; what came this way would be dropped.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.lock().take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        // The host makes as many zeros as may be written, where a guest asks for some.
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
    fn takes_no_more_than_its_limit() {
        let output = Output::new("test".into(), 10);
        for _ in 0..1000 {
            output.0.lock().unwrap().take(b"abc");
        }
        let state = output.0.lock().unwrap();
        assert_eq!(state.left, 0);
        assert!(state.line.is_empty());
    }

    #[test]
    fn what_the_host_says_counts_too() {
        let output = Output::new("test".into(), 100);
        output.0.lock().unwrap().take(b"begun");
        for _ in 0..1000 {
            output.say("a request was refused");
        }
        assert_eq!(output.0.lock().unwrap().left, 0);
        assert!(Output::new("test".into(), 100).check_write().unwrap() <= WRITE_BYTES);
    }
}
