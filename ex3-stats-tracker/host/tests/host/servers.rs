//! Servers for guests to ask.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::application::LOOPBACK;

/// An answer after which the connection may be used again.
pub(super) const FINE: &[u8] = b"HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello";

/// Hands each connection to `serve`, in a thread of its own.
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

/// The head of the next request on a connection, or `None` where there is none.
pub(super) fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A server that says the same to the first request of each connection, and hangs up after a while.
pub(super) fn saying(answer: &'static [u8], hold: Duration) -> SocketAddr {
    server(move |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(answer);
        thread::sleep(hold);
    })
}
