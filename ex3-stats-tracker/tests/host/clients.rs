//! What clients do: too many of them, too large, too slow.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ex3_stats_tracker::host::Host;

use super::{alone, get, raw};

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_told_to_come_back() {
    let mut application = alone();
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_millis(50);
    let host = application.start().await.unwrap();
    let mut stream = TcpStream::connect(host.address()).unwrap();
    write!(stream, "GET /d HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    let response = reqwest::get(host.base_url()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    drop(stream);
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
    application.limits.head_wait = Duration::from_secs(1);
    application.limits.stall = Duration::from_secs(1);
    application.limits.header_bytes = 10_000;
    let host = application.start().await.unwrap();
    let long = "x".repeat(20_000);
    let many = "a: b\r\n".repeat(100);
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nhost: \u{e9}\r\n\r\n".to_owned(), "400"),
        ("\0\0\0\0\r\n\r\n".to_owned(), "400"),
        (format!("GET /{long} HTTP/1.1\r\nhost: h\r\n\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nhost: h\r\na: {long}\r\n\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nhost: h\r\n{many}\r\n"), "431"),
        (
            "POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nabc".to_owned(),
            "408",
        ),
        (
            "POST /e HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "400",
        ),
        // A head that never ends is closed without an answer.
        ("GET / HTTP/1.1\r\nhost:".to_owned(), ""),
    ] {
        let answer = raw(&host, request.as_bytes());
        let found = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(found, status, "{}: {answer}", &request[..request.len().min(40)]);
    }
    assert_eq!(get(&host, "/").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_requests_finish() {
    let mut application = alone();
    application.limits.deadline = Duration::from_millis(500);
    let host = application.start().await.unwrap();
    let address = host.address();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /w HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    host.stop().await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    assert!(TcpStream::connect(address).is_err());
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

/// Connects and sends the beginning of something.
fn connect(host: &Host, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(host.address()).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_keep_nobody_out() {
    let mut application = alone();
    application.limits.connections = 8;
    // Longer than the test waits: it is not by this that a place becomes free.
    application.limits.head_wait = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    let mut idle = Vec::new();
    for beginning in [&b""[..], b"GET / HTTP/1.1\r\nhost:"] {
        idle.extend((0..50).map(|_| connect(&host, beginning)));
    }
    for path in ["/.well-known/spin/health", "/"] {
        let answer = tokio::time::timeout(Duration::from_secs(120), get(&host, path)).await;
        assert_eq!(answer.expect("others kept the place").0, 200, "{path}");
    }
    // Those that gave their place were closed; what has begun on others goes on.
    let mut last = idle.pop().unwrap();
    last.write_all(b" h\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_free_place_is_alive() {
    let mut application = alone();
    application.limits.connections = 4;
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_millis(100);
    application.limits.deadline = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    // One holds the instance, others send their bodies for ever.
    let mut busy = vec![connect(&host, b"GET /d HTTP/1.1\r\nhost: h\r\n\r\n")];
    busy[0].read_exact(&mut [0; 12]).unwrap();
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
async fn what_is_announced_takes_no_memory() {
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

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_do_not_keep_memory_that_others_need() {
    let mut application = alone();
    application.limits.request_body_bytes = 1 << 20;
    application.limits.request_bodies_bytes = 1 << 20;
    // An eighth of it is five seconds.
    application.limits.stall = Duration::from_secs(40);
    application.limits.upload = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    let mut slow = b"POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 1048576\r\n\r\n".to_vec();
    slow.resize(slow.len() + 1_000_000, b'a');
    let mut slow = connect(&host, &slow);
    // Until the host holds the slow body, there is room.
    while post(&host, 100_000).await != 503 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    while post(&host, 100_000).await != 200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    slow.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408", "it was to give way");
}

async fn post(host: &Host, bytes: usize) -> u16 {
    let url = format!("{}/e", host.base_url());
    let request = reqwest::Client::new().post(url).body(vec![b'x'; bytes]);
    request.send().await.unwrap().status().as_u16()
}
