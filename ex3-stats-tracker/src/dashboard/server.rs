//! The web server.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};

use reqwest::StatusCode;
use tokio::time::{Instant, sleep};

use super::{
    Error, Runtime, Settings,
    process::{Process, Program, Stdout},
};
use crate::loopback;

/// How long Rails may take to answer at first, on a machine that is busy compiling as well.
const TO_START: Duration = Duration::from_secs(120);

/// How long the dashboard of a tracker that was killed may still hold its port.
const OF_THE_ONE_BEFORE: Duration = Duration::from_secs(1);

/// How often it is asked meanwhile.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);

/// The running web server, which is ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
}

impl Server {
    /// Starts it and waits until it answers and its database is ready. It accepts connections from the socket that it is
    /// handed, so that nothing else can answer in its place.
    ///
    /// # Errors
    ///
    /// It ends, or does not answer in time.
    pub async fn start(runtime: &Runtime, settings: &Settings, socket: &TcpListener) -> Result<Self, Error> {
        let program = Program {
            command: &["puma"],
            stdout: Stdout::Log,
            socket: Some(socket),
        };
        let mut process = Process::start("the dashboard", runtime, &program, settings)?;
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

/// The socket for a port, any free one for 0. This process keeps it: whoever connects while the dashboard is started, or
/// started again, waits in its queue, and no other program can take the port meanwhile.
///
/// # Errors
///
/// It is in use: better said now than after everything else was started.
pub async fn socket(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let end = Instant::now() + OF_THE_ONE_BEFORE;
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            // What an earlier tracker has started is ended with it, but not in the same moment.
            Err(_) if Instant::now() < end => sleep(BETWEEN_ATTEMPTS).await,
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
