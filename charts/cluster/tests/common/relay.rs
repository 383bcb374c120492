//! Forwards connections of pods to servers on this machine's loopback address, which pods can't reach.

use std::{
    io,
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Forwards connections from a port of `address`, which is returned, as long as this process runs.
pub(crate) fn relay(address: IpAddr, to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let listens = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            if let (Ok(client), Ok(server)) = (client, TcpStream::connect(to)) {
                pass(&client, &server);
                pass(&server, &client);
            }
        }
    });
    listens
}

/// Copies bytes from one connection to the other, until one of them is closed.
fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
