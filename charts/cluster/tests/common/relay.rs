//! Lets pods reach what listens on the loopback address only, which is each pod's own.

use std::{
    io,
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Passes connections on from a port of `address`, which is returned, as long as this process runs.
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

/// What one says to the other, until it ends or is gone.
fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
