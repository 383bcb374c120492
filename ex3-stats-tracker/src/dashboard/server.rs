//! The dashboard's web server.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};

use reqwest::StatusCode;
use tokio::time::{Instant, sleep};

use super::{
    error::Error,
    process::Process,
    program::{Program, Stdout},
    runtime::Runtime,
    settings::Settings,
};
use crate::loopback;

/// The time limit for Rails' first response, on a machine that is busy compiling.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// The time for which the dashboard of a killed tracker may still hold its port.
const PORT_RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// The interval between two checks whether the server responds.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The running web server. It is ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
}

impl Server {
    /// Starts the server, and waits until it responds and its database is ready. The server gets the socket, so no
    /// other program can respond in its place.
    ///
    /// # Errors
    ///
    /// If it ends, or does not respond in time.
    pub async fn start(runtime: &Runtime, settings: &Settings, socket: &TcpListener) -> Result<Self, Error> {
        let program = Program {
            command: &["bin/dashboard"],
            stdout: Stdout::Log,
            socket: Some(socket),
            writes: None,
        };
        let mut process = Process::start("the dashboard", runtime, &program, settings)?;
        let url = format!("{}/readyz", address(settings.port));
        let client = loopback::client().timeout(START_TIMEOUT).build()?;
        let end = Instant::now() + START_TIMEOUT;
        loop {
            tokio::select! {
                ended = process.wait() => {
                    return Err(ended.map_or_else(|error| error, |status| process.ended(status)));
                }
                answer = client.get(&url).send() => {
                    if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                        return Ok(Self { process });
                    }
                }
            }
            if Instant::now() > end {
                let said = process.recent_output();
                process.stop().await;
                let seconds = START_TIMEOUT.as_secs();
                return Err(Error::NotReady { seconds, said });
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until the server ends unexpectedly, and returns the error.
    pub async fn ended(&mut self) -> Error {
        let ended = self.process.wait().await;
        ended.map_or_else(|error| error, |status| self.process.ended(status))
    }

    /// Stops gracefully: running requests are finished.
    pub async fn stop(self) {
        self.process.stop().await;
    }
}

/// The dashboard's URL.
pub fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Opens the socket for a port, or for any free one if it is 0. This process keeps the socket open: connections that
/// arrive while the dashboard starts or restarts wait in its queue, and no other program can take the port meanwhile.
///
/// # Errors
///
/// If the port is in use.
pub async fn socket(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let end = Instant::now() + PORT_RELEASE_TIMEOUT;
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            // The processes of an earlier tracker end with it, but a moment later.
            Err(_) if Instant::now() < end => sleep(POLL_INTERVAL).await,
            Err(_) => return Err(Error::PortInUse { port }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(socket(port).await.unwrap_err().to_string().contains(&port.to_string()));
        drop(taken);
        assert_eq!(socket(port).await.unwrap().local_addr().unwrap().port(), port);
        assert_ne!(socket(0).await.unwrap().local_addr().unwrap().port(), 0);
    }
}
