//! Clients: too many of them, requests that are too large, and slow ones.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use spin_host::Host;

use super::application::{Application, alone, get, raw};
use super::servers::{FINE, head, server};

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_told_to_come_back() {
    let mut application = alone();
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_millis(50);
    let host = application.start().await.unwrap();
    let _busy = occupy(&host);
    let response = reqwest::get(host.base_url()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_their_limit_are_refused() {
    let mut application = alone();
    application.limits.request_body_bytes = 1000;
    let host = application.start().await.unwrap();
    let url = format!("{}/e", host.base_url());
    let client = reqwest::Client::new();
    assert_eq!(
        client.post(&url).body(vec![0; 1000]).send().await.unwrap().status(),
        200
    );
    let announced = raw(
        &host,
        b"POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 104857600\r\n\r\n",
    );
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    let mut endless = b"POST /e HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..20 {
        endless.extend_from_slice(b"64\r\n");
        endless.extend_from_slice(&[b'x'; 100]);
        endless.extend_from_slice(b"\r\n");
    }
    let chunked = raw(&host, &endless);
    assert!(chunked.starts_with("HTTP/1.1 413 "), "{chunked}");
    assert!(chunked.contains(r#""kind":"too_large""#), "{chunked}");
    assert_eq!(get(&host, "/").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_an_answer_or_an_end() {
    let mut application = alone();
    application.limits.header_bytes = 10_000;
    let host = application.start().await.unwrap();
    let long = "x".repeat(20_000);
    let many = "a: b\r\n".repeat(100);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), "400"),
        (
            "GET / HTTP/1.1\r\nhost: \u{e9}\r\nconnection: close\r\n\r\n".to_owned(),
            "400",
        ),
        ("\0\0\0\0\r\n\r\n".to_owned(), "400"),
        (
            format!("GET /{long} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"),
            "431",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\na: {long}\r\n\r\n"),
            "431",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{many}\r\n"),
            "431",
        ),
        (
            "POST /e HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "400",
        ),
    ] {
        let answer = raw(&host, request.as_bytes());
        let found = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(found, status, "{}: {answer}", &request[..request.len().min(40)]);
    }
    assert_eq!(get(&host, "/").await.0, 200);
}

/// The requests of README's table about the differences to `spin up`.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_spin_treats_differently_are_answered_as_in_the_readme() {
    let host = alone().start().await.unwrap();
    let headers = |number: usize| "a: b\r\n".repeat(number);
    let head = |headers: &[u8]| [b"GET / HTTP/1.1\r\nconnection: close\r\n", headers, b"\r\n"].concat();
    for (request, status) in [
        (head(b"host: other.example\r\n"), "200"),
        (head(b"host: guest.spin.internal\r\n"), "200"),
        (head(b"host: h\r\na: caf\xe9\r\n"), "200"),
        (head(format!("host: h\r\n{}", headers(62)).as_bytes()), "200"),
        (head(format!("host: h\r\n{}", headers(63)).as_bytes()), "431"),
        // The host passes such a path on; a component may refuse it.
        (
            "GET /\u{e9} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n".into(),
            "200",
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), ""),
    ] {
        let answer = raw(&host, &request);
        let found = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(found, status, "{}: {answer}", String::from_utf8_lossy(&request));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_never_end_get_an_answer_or_an_end() {
    let mut application = alone();
    application.limits.stall = Duration::from_secs(1);
    let host = application.start().await.unwrap();
    let stalling = raw(&host, b"POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nabc");
    assert!(stalling.starts_with("HTTP/1.1 408 "), "{stalling}");
    application.limits.head_wait = Duration::from_secs(1);
    let host = application.start().await.unwrap();
    // A head is closed without an answer.
    assert_eq!(raw(&host, b"GET / HTTP/1.1\r\nhost:"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_requests_finish() {
    let (asked, is_asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let answers = Mutex::new(answers);
    let server = server(move |mut stream| {
        if head(&mut stream).is_some() {
            asked.send(()).unwrap();
            answers.lock().unwrap().recv().unwrap();
            let _ = stream.write_all(FINE);
        }
    });
    let host = Application::new("*://*:*").start().await.unwrap();
    let address = host.address();
    let mut stream = connect(&host, format!("GET /fp{server} HTTP/1.1\r\nhost: h\r\n\r\n").as_bytes());
    is_asked.recv().unwrap();
    let stopping = tokio::spawn(host.stop());
    while TcpStream::connect(address).is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    answer.send(()).unwrap();
    stopping.await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(
        text.starts_with("HTTP/1.1 200 ") && text.contains("status 203"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_no_longer_than_a_request_may_take() {
    let mut application = alone();
    application.limits.deadline = Duration::from_millis(500);
    let host = application.start().await.unwrap();
    let _busy = occupy(&host);
    let stopped = tokio::time::timeout(Duration::from_secs(120), host.stop()).await;
    assert!(stopped.is_ok(), "it waited for the guest");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_does_not_wait_for_a_head_that_never_ends() {
    let mut application = alone();
    application.limits.head_wait = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    let _slow = connect(&host, b"GET / HTTP/1.1\r\nhost:");
    let stopped = tokio::time::timeout(Duration::from_secs(120), host.stop()).await;
    assert!(stopped.is_ok(), "it waited for the head");
}

/// Connects and sends the beginning of a request.
fn connect(host: &Host, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(host.address()).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// Occupies an instance with a guest that waits for ever in the middle of its answer.
fn occupy(host: &Host) -> TcpStream {
    let mut stream = connect(host, b"GET /d HTTP/1.1\r\nhost: h\r\n\r\n");
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_block_other_clients() {
    let mut application = alone();
    application.limits.connections = 8;
    // Longer than the test waits, so that this limit closes no connection.
    application.limits.head_wait = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    let mut idle = Vec::new();
    for beginning in [&b""[..], b"GET / HTTP/1.1\r\nhost:"] {
        idle.extend((0..50).map(|_| connect(&host, beginning)));
    }
    for path in ["/.well-known/spin/health", "/"] {
        let answer = tokio::time::timeout(Duration::from_secs(120), get(&host, path)).await;
        assert_eq!(answer.expect("idle connections are closed for others").0, 200, "{path}");
    }
    // The oldest idle connections were closed; the newest one with a part of a request is still open.
    let mut last = idle.pop().unwrap();
    last.write_all(b" h\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_host_still_reports_its_health() {
    let mut application = alone();
    application.limits.connections = 4;
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_millis(100);
    application.limits.deadline = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    // One client occupies the instance, the others send their bodies for ever.
    let mut busy = vec![occupy(&host)];
    for _ in 1..4 {
        busy.push(connect(
            &host,
            b"POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\na",
        ));
    }
    assert_eq!(get(&host, "/").await.0, 503);
    assert_eq!(get(&host, "/.well-known/spin/health").await, (200, "OK".to_owned()));
    let (status, info) = get(&host, "/.well-known/spin/info").await;
    assert_eq!((status, &*info), (200, r#"{"name":"test","version":"1.2.3"}"#));
    assert_eq!(get(&host, "/.well-known/spin/other").await, (404, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_body_takes_no_memory() {
    let mut application = alone();
    application.limits.request_body_bytes = 1 << 20;
    application.limits.request_bodies_bytes = 1 << 20;
    application.limits.stall = Duration::from_secs(60);
    let host = application.start().await.unwrap();
    let announced = b"POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 1048576\r\n\r\na";
    let slow: Vec<_> = (0..16).map(|_| connect(&host, announced)).collect();
    let answer = post(&host, 100_000).await;
    assert_eq!(answer, 200);
    drop(slow);
}

async fn post(host: &Host, bytes: usize) -> u16 {
    let url = format!("{}/e", host.base_url());
    let request = reqwest::Client::new().post(url).body(vec![b'x'; bytes]);
    request.send().await.unwrap().status().as_u16()
}
