//! The web server.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};

use reqwest::StatusCode;
use tokio::time::{Instant, sleep};

use super::{
    Error, Runtime, Settings,
    process::{Process, Stdout},
};
use crate::loopback;

/// How long Rails may take to answer at first, on a machine that is busy compiling as well.
const TO_START: Duration = Duration::from_secs(120);

/// How often it is asked meanwhile.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);

/// The running web server, which is ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
}

impl Server {
    /// Starts it and waits until it answers and its database is ready.
    ///
    /// # Errors
    ///
    /// It ends, or does not answer in time.
    pub async fn start(runtime: &Runtime, settings: &Settings) -> Result<Self, Error> {
        let mut process = Process::start("the dashboard", runtime, &["puma"], settings, Stdout::Log)?;
        let url = format!("{}/readyz", address(settings.port));
        let client = loopback::client().timeout(TO_START).build()?;
        let end = Instant::now() + TO_START;
        loop {
            tokio::select! {
                ended = process.wait() => {
                    return Err(match ended {
                        Ok(status) => process.ended(status),
                        Err(error) => Error::Start { program: "the dashboard".to_owned(), error },
                    });
                }
                answer = client.get(&url).send() => {
                    if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                        return Ok(Self { process });
                    }
                }
            }
            if Instant::now() > end {
                let said = process.last_words();
                process.stop().await;
                let seconds = TO_START.as_secs();
                return Err(Error::NotReady { seconds, said });
            }
            sleep(BETWEEN_ATTEMPTS).await;
        }
    }

    /// Until it ends by itself, which it should not: then says how.
    pub async fn ended(&mut self) -> Error {
        match self.process.wait().await {
            Ok(status) => self.process.ended(status),
            Err(error) => Error::Start {
                program: "the dashboard".to_owned(),
                error,
            },
        }
    }

    /// Lets requests that run finish, and ends.
    pub async fn stop(self) {
        self.process.stop().await;
    }
}

/// Where the dashboard is.
pub fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The port itself where it is free, any free one for 0.
///
/// # Errors
///
/// It is in use: better said now than after everything else was started.
pub fn free_port(port: u16) -> Result<u16, Error> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|_| Error::PortInUse { port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(free_port(port).unwrap_err().to_string().contains(&port.to_string()));
        drop(taken);
        assert_eq!(free_port(port).unwrap(), port);
        assert_ne!(free_port(0).unwrap(), 0);
    }
}
