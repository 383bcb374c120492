//! Rate limiting of outbound requests: one request at a time to each server, and a pause between two.
//!
//! It applies to the requests of all guests together, and to each single request: each page of a list, and each
//! redirect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep_until};

use super::server::Server;

/// The most servers whose last request is remembered. Beyond that, servers without waiting requests are forgotten.
const SERVERS: usize = 64;

/// The queues for all servers. Each is first in, first out.
pub(super) struct Turns {
    pause: Duration,
    servers: Mutex<HashMap<Server, LastRequest>>,
}

/// The end of the last request to a server. It is locked during a request.
type LastRequest = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// The right to send a request to one server, until this is dropped.
pub(super) struct Turn(OwnedMutexGuard<Option<Instant>>);

impl Turns {
    /// `pause` is the time between the end of a request and the start of the next. Zero: requests do not queue.
    pub(super) fn new(pause: Duration) -> Self {
        Self {
            pause,
            servers: Mutex::default(),
        }
    }

    /// Waits for the right to send a request. `None` if requests do not queue.
    pub(super) async fn wait(&self, server: &Server) -> Option<Turn> {
        if self.pause.is_zero() {
            return None;
        }
        let last = self.last_request(server).lock_owned().await;
        if let Some(last) = *last {
            sleep_until(last + self.pause).await;
        }
        Some(Turn(last))
    }

    fn last_request(&self, server: &Server) -> LastRequest {
        // No code panics while the lock is held.
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if servers.len() >= SERVERS {
            let pause = self.pause;
            servers.retain(|_, last| {
                let forgotten = last
                    .try_lock()
                    .is_ok_and(|last| last.is_none_or(|last| last.elapsed() >= pause));
                !forgotten || Arc::strong_count(last) > 1
            });
        }
        servers.entry(server.clone()).or_default().clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0 = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(port: u16) -> Server {
        Server {
            tls: true,
            host: "github.test".to_owned(),
            port,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_with_a_pause_after_each() {
        let turns = Arc::new(Turns::new(Duration::from_secs(1)));
        let begun = Instant::now();
        let requests: Vec<_> = (0..4)
            .map(|_| {
                let turns = turns.clone();
                tokio::spawn(async move {
                    let turn = turns.wait(&server(443)).await;
                    let at = begun.elapsed();
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    drop(turn);
                    at.as_secs()
                })
            })
            .collect();
        // A request to another server does not wait.
        drop(turns.wait(&server(444)).await);
        assert_eq!(begun.elapsed().as_secs(), 0);
        let mut starts = Vec::new();
        for request in requests {
            starts.push(request.await.unwrap());
        }
        assert_eq!(starts, [0, 3, 6, 9]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_waiting_delays_nobody() {
        let turns = Turns::new(Duration::from_secs(1));
        let first = turns.wait(&server(443)).await;
        let gave_up = tokio::time::timeout(Duration::from_millis(10), turns.wait(&server(443))).await;
        assert!(gave_up.is_err());
        drop(first);
        let freed = Instant::now();
        assert!(turns.wait(&server(443)).await.is_some());
        assert_eq!(freed.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn servers_that_nobody_asks_are_forgotten() {
        let turns = Turns::new(Duration::from_secs(1));
        for port in 1..1000 {
            drop(turns.wait(&server(port)).await);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        assert!(turns.servers.lock().unwrap().len() <= SERVERS);
    }

    #[tokio::test]
    async fn without_a_pause_there_are_no_turns() {
        let turns = Turns::new(Duration::ZERO);
        assert!(turns.wait(&server(443)).await.is_none());
    }
}
