//! Ports for programs that can't be told to take any free one.

use std::net::{Ipv4Addr, TcpListener};
use std::{io, process};

/// Below the range from which the system takes the ports of outgoing connections and of port 0, which begins at 32768: a
/// port from there is likely to be another connection's a moment later.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// So many are tried. That each of them is taken is another trouble than bad luck.
const ATTEMPTS: u16 = 100;

/// A port on this machine that nobody listens on. Another program may take it before the caller's does, which then has to
/// say so.
///
/// # Errors
///
/// The last port's, where none of many is free.
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

/// A number that differs between processes and calls, so that programs that ask at the same time get other ports.
fn random(attempt: u16) -> u16 {
    use std::hash::{BuildHasher, RandomState};

    // The standard library seeds it from the system's random source.
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
