//! What guests ask of other servers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{Application, LOOPBACK, alone, get};

/// A server that counts its connections and answers each request with 204.
fn counting_server() -> (SocketAddr, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    let (connected, connections) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            if connected.send(()).is_err() {
                return;
            }
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut byte = [0];
                while stream.read_exact(&mut byte).is_ok() {
                    request.push(byte[0]);
                    if request.ends_with(b"\r\n\r\n") {
                        let _ = stream.write_all(b"HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello");
                        request.clear();
                    }
                }
            });
        }
    });
    (address, connections)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_hosts_are_reached() {
    let (allowed, to_allowed) = counting_server();
    let (forbidden, to_forbidden) = counting_server();
    let mut application = alone();
    application
        .variables
        .insert("allowed".to_owned(), format!("http://{allowed}"));
    let host = application.start().await.unwrap();
    assert_eq!(
        get(&host, &format!("/fp{allowed}")).await,
        (200, "status 203".to_owned())
    );
    // 15 is HTTP-request-denied: another port, another name for the same port, another scheme.
    for path in [
        format!("/fp{forbidden}"),
        format!("/fplocalhost:{}", allowed.port()),
        format!("/fs{allowed}"),
        format!("/fp{allowed}@{forbidden}"),
    ] {
        assert_eq!(get(&host, &path).await, (200, "error 015".to_owned()), "{path}");
    }
    assert_eq!(to_allowed.try_iter().count(), 1);
    assert_eq!(to_forbidden.try_iter().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_instances() {
    let (address, connections) = counting_server();
    let mut application = alone();
    application
        .variables
        .insert("allowed".to_owned(), format!("http://{address}"));
    let host = application.start().await.unwrap();
    for _ in 0..20 {
        assert_eq!(
            get(&host, &format!("/fp{address}")).await,
            (200, "status 203".to_owned())
        );
    }
    assert_eq!(connections.try_iter().count(), 1);
}

/// When requests began and when they ended.
type Notes = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// A server that takes its time for each request, and notes it.
fn noting_server(takes: Duration) -> (SocketAddr, Notes) {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    let noted = Notes::default();
    let notes = noted.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let notes = notes.clone();
            thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|length| length > 0) {
                    let begun = Instant::now();
                    thread::sleep(takes);
                    notes.lock().unwrap().push((begun, Instant::now()));
                    let _ = stream.write_all(b"HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello");
                }
            });
        }
    });
    (address, noted)
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_together_ask_a_server_one_request_at_a_time() {
    const CALLERS: usize = 12;
    const PAUSE: Duration = Duration::from_millis(250);
    let (server, noted) = noting_server(Duration::from_millis(20));
    let mut application = Application::new("*://*:*");
    application.outbound_pause = PAUSE;
    // The last one waits longer for its turn than any of these.
    application.limits.deadline = Duration::from_secs(2);
    application.limits.outbound_wait = Duration::from_secs(1);
    application.limits.computing = Duration::from_secs(1);
    let host = Arc::new(application.start().await.unwrap());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (host, path) = (host.clone(), format!("/fp{server}"));
            tokio::spawn(async move { get(&host, &path).await })
        })
        .collect();
    // Who goes away while waiting holds up nobody.
    let leaving = TcpStream::connect(host.address()).unwrap();
    write!(&leaving, "GET /fp{server} HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(leaving);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), (200, "status 203".to_owned()));
    }
    let mut noted = noted.lock().unwrap().clone();
    assert!(noted.len() >= CALLERS);
    noted.sort();
    for pair in noted.windows(2) {
        let [(_, ended), (begun, _)] = pair else { unreachable!() };
        // The host's pause begins when the response was read: after the server wrote it.
        assert!(
            *begun >= *ended + PAUSE,
            "{:?}",
            begun.saturating_duration_since(*ended)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_waits_longer_may_up_to_a_limit() {
    let (server, _) = noting_server(Duration::from_millis(700));
    let mut application = Application::new("*://*:*");
    application.limits.outbound_wait = Duration::from_millis(200);
    // 9 is connection-read-timeout; the second guest asks for a minute.
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, &format!("/fp{server}")).await, (200, "error 009".to_owned()));
    assert_eq!(get(&host, &format!("/k{server}")).await, (200, "status 203".to_owned()));
    application.limits.longest_outbound_wait = Duration::from_millis(200);
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, &format!("/k{server}")).await, (200, "error 009".to_owned()));
}

/// A server that says the same to each request, and hangs up after a while.
pub(super) fn saying(answer: &'static [u8], hold: Duration) -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer);
                thread::sleep(hold);
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_errors_are_named() {
    let mut application = Application::new("*://*:*");
    application.limits.outbound_wait = Duration::from_millis(200);
    application.limits.connect = Duration::from_secs(5);
    let host = application.start().await.unwrap();
    let free = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let silent = TcpListener::bind(LOOPBACK).unwrap();
    let plain = saying(
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        Duration::from_secs(60),
    );
    let cut = saying(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", Duration::ZERO);
    let stalling = saying(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
        Duration::from_secs(60),
    );
    let garbled = saying(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        Duration::from_secs(60),
    );
    let silent_end = saying(b"", Duration::ZERO);
    let not_http = saying(b"SSH-2.0-OpenSSH\r\n\r\n", Duration::from_secs(60));
    for (path, error) in [
        (format!("/fp{cut}"), "error 025"),      // HTTP-response-incomplete
        (format!("/fp{stalling}"), "error 009"), // connection-read-timeout
        (format!("/fp{garbled}"), "error 025"),
        (format!("/fp{silent_end}"), "error 007"), // connection-terminated
        (format!("/fp{not_http}"), "error 035"),   // HTTP-protocol-error
        (format!("/fp{free}"), "error 006"),       // connection-refused
        (format!("/fp{}", silent.local_addr().unwrap()), "error 009"), // connection-read-timeout
        ("/fpname.invalid".to_owned(), "error 001"), // DNS-error
        (format!("/fs{plain}"), "error 012"),      // TLS-protocol-error
    ] {
        assert_eq!(get(&host, &path).await, (200, error.to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_was_closed_is_made_anew() {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    // Promises to keep each connection, and closes it after one answer.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let mut application = alone();
    application
        .variables
        .insert("allowed".to_owned(), format!("http://{address}"));
    let host = application.start().await.unwrap();
    for _ in 0..10 {
        assert_eq!(
            get(&host, &format!("/fp{address}")).await,
            (200, "status 200".to_owned())
        );
    }
}
