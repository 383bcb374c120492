//! Servers for the guests' requests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::application::LOOPBACK;

/// An answer after which the connection may be used again.
pub(super) const FINE: &[u8] = b"HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello";

/// Starts a server that calls `serve` for each connection, in a new thread.
pub(super) fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// The head of the next request on a connection, or `None` after the last one.
pub(super) fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A server that gives this answer to the first request of each connection, and closes the connection after `hold`.
pub(super) fn fixed_answer(answer: &'static [u8], hold: Duration) -> SocketAddr {
    server(move |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(answer);
        thread::sleep(hold);
    })
}
