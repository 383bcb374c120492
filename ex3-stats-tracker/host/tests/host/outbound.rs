//! Requests of guests to other servers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use system::ports::free_port;

use super::application::{Application, get};
use super::servers::{FINE, fixed_answer, head, server};

/// A server that counts its connections and answers each request with 203.
fn counting_server() -> (SocketAddr, Receiver<()>) {
    let (connected, connections) = std::sync::mpsc::channel();
    let address = server(move |mut stream| {
        connected.send(()).unwrap();
        while head(&mut stream).is_some() {
            let _ = stream.write_all(FINE);
        }
    });
    (address, connections)
}

/// An application that may only send requests to this server, by http.
fn allowed(server: SocketAddr) -> Application {
    Application::new(&format!("http://{server}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_hosts_are_reached() {
    let (known, to_known) = counting_server();
    let (forbidden, to_forbidden) = counting_server();
    let host = allowed(known).start().await.unwrap();
    assert_eq!(get(&host, &format!("/fp{known}")).await, (200, "status 203".to_owned()));
    // 15 is HTTP-request-denied: another port, another name for the same port, another scheme.
    for path in [
        format!("/fp{forbidden}"),
        format!("/fplocalhost:{}", known.port()),
        format!("/fs{known}"),
        format!("/fp{known}@{forbidden}"),
    ] {
        assert_eq!(get(&host, &path).await, (200, "error 015".to_owned()), "{path}");
    }
    assert_eq!(to_known.try_iter().count(), 1);
    assert_eq!(to_forbidden.try_iter().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_instances() {
    let (address, connections) = counting_server();
    let host = allowed(address).start().await.unwrap();
    for _ in 0..20 {
        assert_eq!(
            get(&host, &format!("/fp{address}")).await,
            (200, "status 203".to_owned())
        );
    }
    assert_eq!(connections.try_iter().count(), 1);
}

/// The beginning and the end of each request.
type Times = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// A slow server that records the times of its requests.
fn recording_server(takes: Duration) -> (SocketAddr, Times) {
    let recorded = Times::default();
    let times = recorded.clone();
    let address = server(move |mut stream| {
        while head(&mut stream).is_some() {
            let begun = Instant::now();
            thread::sleep(takes);
            times.lock().unwrap().push((begun, Instant::now()));
            let _ = stream.write_all(FINE);
        }
    });
    (address, recorded)
}

/// The tests in `application` and `turns`, whose clock is paused, cover deadlines of guests that wait for their turn.
#[tokio::test(flavor = "multi_thread")]
async fn all_callers_together_send_one_request_at_a_time_to_a_server() {
    const CALLERS: usize = 12;
    const PAUSE: Duration = Duration::from_millis(50);
    let (server, recorded) = recording_server(Duration::from_millis(20));
    let mut application = Application::new("*://*:*");
    application.outbound_pause = PAUSE;
    let host = Arc::new(application.start().await.unwrap());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (host, path) = (host.clone(), format!("/fp{server}"));
            tokio::spawn(async move { get(&host, &path).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), (200, "status 203".to_owned()));
    }
    let mut times = recorded.lock().unwrap().clone();
    assert_eq!(times.len(), CALLERS);
    times.sort();
    for pair in times.windows(2) {
        let [(_, ended), (begun, _)] = pair else { unreachable!() };
        // Also on a slow machine: the host's pause begins once it has read the response, after the server wrote it.
        assert!(
            *begun >= *ended + PAUSE,
            "{:?}",
            begun.saturating_duration_since(*ended)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_can_extend_its_time_out_up_to_a_limit() {
    const FOR_EVER: Duration = Duration::from_secs(600);
    let silent = fixed_answer(b"", FOR_EVER);
    let (slow, _) = recording_server(Duration::from_millis(700));
    let mut application = Application::new("*://*:*");
    application.limits.outbound_wait = Duration::from_millis(200);
    // 9 is connection-read-timeout. On the path `/k`, the guest sets a time-out of a minute.
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, &format!("/fp{silent}")).await, (200, "error 009".to_owned()));
    assert_eq!(get(&host, &format!("/k{slow}")).await, (200, "status 203".to_owned()));
    application.limits.longest_outbound_wait = Duration::from_millis(200);
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, &format!("/k{silent}")).await, (200, "error 009".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_errors_are_named() {
    let mut application = Application::new("*://*:*");
    let patient = application.start().await.unwrap();
    application.limits.outbound_wait = Duration::from_millis(200);
    let impatient = application.start().await.unwrap();
    let hold = Duration::from_secs(600);
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
    let plain = server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    let cut = fixed_answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", Duration::ZERO);
    let garbled = fixed_answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", hold);
    let silent_end = fixed_answer(b"", Duration::ZERO);
    let not_http = fixed_answer(b"SSH-2.0-OpenSSH\r\n\r\n", hold);
    let silent = fixed_answer(b"", hold);
    let stalling = fixed_answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", hold);
    for (host, path, error) in [
        (&patient, format!("/fp{cut}"), "error 025"), // HTTP-response-incomplete
        (&patient, format!("/fp{garbled}"), "error 025"),
        (&patient, format!("/fp{silent_end}"), "error 007"), // connection-terminated
        (&patient, format!("/fp{not_http}"), "error 035"),   // HTTP-protocol-error
        (&patient, format!("/fp{free}"), "error 006"),       // connection-refused
        (&patient, "/fpname.invalid".to_owned(), "error 001"), // DNS-error
        (&patient, format!("/fs{plain}"), "error 012"),      // TLS-protocol-error
        (&impatient, format!("/fp{silent}"), "error 009"),   // connection-read-timeout
        (&impatient, format!("/fp{stalling}"), "error 009"),
    ] {
        assert_eq!(get(host, &path).await, (200, error.to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_connection_that_the_server_closed_is_replaced() {
    // The server does not announce that it closes each connection after one answer.
    let address = fixed_answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO);
    let host = allowed(address).start().await.unwrap();
    for _ in 0..10 {
        assert_eq!(
            get(&host, &format!("/fp{address}")).await,
            (200, "status 200".to_owned())
        );
    }
}
