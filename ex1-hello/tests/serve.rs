//! Tests of the server, with requests written byte by byte.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;

use assert_cmd::Command;
use common::Serving;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// Sends bytes, and reads the answer until the connection is closed.
fn send(serving: &Serving, request: &[u8]) -> Answer {
    let address = serving.url.strip_prefix("http://").unwrap().trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    Answer {
        head: String::from_utf8(answer[..end].to_vec()).unwrap(),
        body: answer[end + 4..].to_vec(),
    }
}

fn ask(serving: &Serving, method: &str, path: &str) -> Answer {
    send(
        serving,
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes(),
    )
}

#[test]
fn the_page_and_the_module_are_served() {
    let serving = Serving::start();
    assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);

    let page = ask(&serving, "GET", "/");
    assert_eq!(page.status(), "200");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(String::from_utf8(page.body).unwrap().contains("hello.js"));

    let module = ask(&serving, "GET", "/hello.wasm");
    assert_eq!(module.header("content-type"), Some("application/wasm"));
    let hello_wat = concat!(env!("CARGO_MANIFEST_DIR"), "/hello.wat");
    assert_eq!(module.body, wat::parse_file(hello_wat).unwrap());

    for (path, media_type) in [
        ("/hello.js", "text/javascript"),
        ("/hello.css", "text/css"),
        ("/?query", "text/html"),
    ] {
        let answer = ask(&serving, "GET", path);
        assert_eq!(answer.status(), "200", "{path}");
        assert!(answer.header("content-type").unwrap().starts_with(media_type), "{path}");
    }
}

#[test]
fn every_answer_has_the_policy() {
    let serving = Serving::start();
    for path in ["/", "/hello.wasm", "/nothing"] {
        let answer = ask(&serving, "GET", path);
        let policy = answer.header("content-security-policy").unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(
            answer.header("cross-origin-embedder-policy"),
            Some("require-corp"),
            "{path}"
        );
    }
}

#[test]
fn head_answers_as_get_without_the_body() {
    let serving = Serving::start();
    let (get, head) = (
        ask(&serving, "GET", "/hello.wasm"),
        ask(&serving, "HEAD", "/hello.wasm"),
    );
    assert_eq!(head.status(), "200");
    assert_eq!(head.header("content-length"), Some(&*get.body.len().to_string()));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert!(head.body.is_empty());
}

#[test]
fn other_methods_are_refused() {
    let serving = Serving::start();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = ask(&serving, method, "/");
        assert_eq!(answer.status(), "405", "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
    }
}

#[test]
fn other_requests_are_refused_and_the_server_keeps_running() {
    let serving = Serving::start();
    for path in [
        "/nothing",
        "/hello.wat",
        "//",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2FCargo.toml",
        "/hello.wasm%00",
        "/hello.wasm/",
        "/HELLO.WASM",
        &format!("/{}", "x".repeat(5_000)),
    ] {
        assert_eq!(ask(&serving, "GET", path).status(), "404", "{path}");
        assert_eq!(ask(&serving, "POST", path).status(), "404", "{path}");
    }
    for garbage in [
        &b"\x16\x03\x01\x02\x00\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
    ] {
        assert_eq!(send(&serving, garbage).status(), "400", "{garbage:?}");
    }
    let mut endless = b"GET / HTTP/1.1\r\n".to_vec();
    endless.extend(b"x: y\r\n".repeat(100_000));
    assert_eq!(send_while_it_is_read(&serving, &endless), "431");
    assert_eq!(ask(&serving, "GET", "/").status(), "200");
}

/// Sends more than the server reads, and returns the status. The server answers and closes before everything is sent.
fn send_while_it_is_read(serving: &Serving, request: &[u8]) -> String {
    let address = serving.url.strip_prefix("http://").unwrap().trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let answer = std::thread::spawn(move || {
        let mut status = [0; 12];
        reader
            .read_exact(&mut status)
            .map(|()| String::from_utf8_lossy(&status[9..]).into_owned())
    });
    // The server is expected to reset the connection.
    _ = stream.write_all(request);
    answer.join().unwrap().unwrap()
}

#[test]
fn a_port_in_use_is_named_with_the_next_step() {
    let serving = Serving::start();
    let port = serving.url.trim_end_matches('/').rsplit(':').next().unwrap();
    Command::cargo_bin("ex1-hello")
        .unwrap()
        .args(["serve", "--port", port])
        .assert()
        .code(69)
        .stdout(is_empty())
        .stderr(contains(format!("port {port} can't be served")).and(contains("--port 0")));
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_sigterm_end_it_with_success() {
    for signal in ["-INT", "-TERM"] {
        let serving = Serving::start();
        // An open connection must not keep the server running.
        let _open = TcpStream::connect(serving.url.strip_prefix("http://").unwrap().trim_end_matches('/')).unwrap();
        assert_eq!(serving.stop(signal).code(), Some(0), "{signal}");
    }
}
