//! A free port, for programs that can't listen on port 0.

use std::net::{Ipv4Addr, TcpListener};
use std::{io, process};

/// The ports are below 32768, where the system's range for outgoing connections and for port 0 begins: another
/// connection could soon use a port of that range.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// The number of ports that are tried. If all are in use, there is another problem than bad luck.
const ATTEMPTS: u16 = 100;

/// A port of the loopback interface that is not in use. Another program can take it before the caller uses it, so that
/// the caller has to handle that error.
///
/// # Errors
///
/// The error of the last port, if none of many is free.
pub fn free_port() -> io::Result<u16> {
    let mut ended = io::Error::from(io::ErrorKind::AddrInUse);
    for attempt in 0..ATTEMPTS {
        let port = FIRST + random(attempt) % COUNT;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => ended = error,
        }
    }
    Err(ended)
}

/// A number that differs between processes and calls, so that programs that start at the same time get different ports.
fn random(attempt: u16) -> u16 {
    use std::hash::{BuildHasher, RandomState};

    // The standard library seeds `RandomState` from the system's random source.
    RandomState::new().hash_one((process::id(), attempt)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_below_those_of_outgoing_connections() {
        let ports: Vec<u16> = (0..20).map(|_| free_port().unwrap()).collect();
        assert!(ports.iter().all(|port| (20_000..32_000).contains(port)), "{ports:?}");
        assert!(ports.iter().any(|port| *port != ports[0]), "{ports:?}");
        TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0])).unwrap();
    }
}
