//! A visitor of the dashboard, who notices when it does not answer.

use std::{
    io::{self, Read, Write},
    mem,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// The interval between two requests. The dashboard allows 120 a minute.
const INTERVAL: Duration = Duration::from_secs(1);

/// The time limit of an answer, for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The path of a page with figures of the database.
const PATH: &str = "/api/orgs/fluxcd.json";

/// Requests a page again and again, until this is dropped.
pub(crate) struct Visitor {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    end: AtomicBool,
    answers: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Visitor {
    /// Visits the dashboard at the address of its Service.
    pub(crate) fn start(address: SocketAddr) -> Self {
        let state = Arc::new(State::default());
        let thread = thread::spawn({
            let state = Arc::clone(&state);
            move || {
                while !state.end.load(Ordering::Relaxed) {
                    match status(address) {
                        Ok(line) if line.contains(" 200 ") => _ = state.answers.fetch_add(1, Ordering::Relaxed),
                        Ok(line) => state.failures.lock().unwrap().push(line),
                        Err(error) => state.failures.lock().unwrap().push(error.to_string()),
                    }
                    thread::sleep(INTERVAL);
                }
            }
        });
        Self {
            state,
            thread: Some(thread),
        }
    }

    /// Asserts that the dashboard has always answered, and at least once since the last call.
    pub(crate) fn assert_always_answered(&self) {
        let failures = mem::take(&mut *self.state.failures.lock().unwrap());
        let answers = self.state.answers.swap(0, Ordering::Relaxed);
        assert!(failures.is_empty(), "{answers} answers, and: {failures:?}");
        assert!(answers > 0, "nothing was asked");
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.state.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The first line of the answer.
fn status(address: SocketAddr) -> io::Result<String> {
    let mut connection = TcpStream::connect_timeout(&address, TIMEOUT)?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    write!(
        connection,
        "GET {PATH} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
