//! Guests: their answers, their failures, and the limits of the host.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::StatusCode;
use spin_host::Limits;

use super::application::{NOWHERE, alone, get, manifest, problem};

#[tokio::test(flavor = "multi_thread")]
async fn a_component_answers_through_wasi_http() {
    let host = alone().start().await.unwrap();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
    assert_eq!(get(&host, "/.well-known/spin/health").await, (200, "OK".to_owned()));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_all_sizes_come_back_as_they_were_sent() {
    let host = alone().start().await.unwrap();
    let client = reqwest::Client::new();
    for length in [0, 1, 16_383, 16_384, 237_000, 8 << 20] {
        let body: Vec<u8> = (0..length).map(|index: usize| (index * 31 % 251) as u8).collect();
        let response = client
            .post(format!("{}/e", host.base_url()))
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.bytes().await.unwrap(), body, "{length} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_streamed() {
    let host = alone().start().await.unwrap();
    let (status, body) = get(&host, "/b").await;
    assert_eq!((status, body.len()), (200, 8 << 20));
    assert!(body.bytes().all(|byte| byte == b'b'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_sees_its_own_variables_and_environment_only() {
    let mut application = alone();
    application.variables.insert("greeting".to_owned(), "given".to_owned());
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, "/v").await, (200, "given!".to_owned()));
    assert_eq!(get(&host, "/x").await, (200, "status 001".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_affects_one_request_only() {
    let host = alone().start().await.unwrap();
    let large = Limits::default().memory_bytes.to_string();
    for (path, status, detail) in [
        ("/t", 500, "the component failed"),
        ("/n", 500, "ended without an answer"),
        ("/g", 500, &*large),
        ("/p", 200, ""),
    ] {
        let (found, body) = get(&host, path).await;
        assert_eq!(found, status, "{path}: {body}");
        if status != 200 {
            let problem = problem(&body);
            assert_eq!(problem["status"], status);
            assert_eq!(problem["type"], "about:blank");
            assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        }
        assert_eq!(get(&host, "/").await, (200, "hello".to_owned()), "after {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_compute_or_wait_for_ever_are_stopped() {
    let mut application = alone();
    application.limits.deadline = Duration::from_millis(300);
    let host = application.start().await.unwrap();
    let (looping, waiting) = tokio::join!(get(&host, "/l"), get(&host, "/w"));
    for (status, body) in [looping, waiting] {
        assert_eq!(status, 504, "{body}");
        assert_eq!(problem(&body)["kind"], "timed_out");
    }
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_is_not_computing() {
    for (path, deadline, computing, detail) in [
        ("/l", 600_000, 200, "computed without an answer for 0.2 s"),
        // If waiting counted as computing, the guest would be stopped after 0.9 s.
        ("/w", 1_000, 900, "did not answer for 1 s"),
    ] {
        let mut application = alone();
        application.limits.deadline = Duration::from_millis(deadline);
        application.limits.computing = Duration::from_millis(computing);
        let host = application.start().await.unwrap();
        let (status, body) = get(&host, path).await;
        assert_eq!(status, 504, "{path}");
        assert!(body.contains(detail), "{path}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looping_guests_leave_room_for_others() {
    let mut application = alone();
    application.limits.computing = Duration::from_secs(60);
    let host = application.start().await.unwrap();
    // More guests than worker threads, all in an endless loop.
    let loops: Vec<_> = (0..8)
        .map(|_| {
            let url = format!("{}/l", host.base_url());
            tokio::spawn(async move { reqwest::get(url).await.unwrap().status() })
        })
        .collect();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
    for looping in loops {
        assert!(!looping.is_finished(), "the loop has not ended");
        looping.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_answer_is_an_error_for_the_client() {
    let mut application = alone();
    application.limits.deadline = Duration::from_millis(300);
    let host = application.start().await.unwrap();
    for path in ["/h", "/d"] {
        match reqwest::get(format!("{}{path}", host.base_url())).await {
            Ok(response) => assert!(response.text().await.is_err(), "{path}"),
            // The host closed the connection before it wrote the head.
            Err(error) => assert!(!error.is_connect() && !error.is_timeout(), "{path}: {error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_ends_with_its_client() {
    let mut application = alone();
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_secs(30);
    application.limits.deadline = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    // A guest that never ends occupies the only instance: before its answer, and in the middle of it.
    for path in ["/w", "/l", "/d"] {
        let mut stream = TcpStream::connect(host.address()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
        if path == "/d" {
            let mut begun = [0; 12];
            stream.read_exact(&mut begun).unwrap();
            assert_eq!(&begun, b"HTTP/1.1 200");
        } else {
            // Without the wait, the guest might not have begun. The test would pass without testing anything.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drop(stream);
        assert_eq!(get(&host, "/").await, (200, "hello".to_owned()), "after {path}");
    }
}

/// The pool has as many places as there may be requests at the same time. A place that is counted as free a moment before
/// it is free would fail the request that takes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_for_the_only_instance_wait_for_each_other() {
    let mut application = alone();
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_secs(30);
    let host = application.start().await.unwrap();
    let client = reqwest::Client::new();
    let ask_often = async || {
        for _ in 0..100 {
            let response = client.get(host.base_url()).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.text().await.unwrap(), "hello");
        }
    };
    tokio::join!(ask_often(), ask_often(), ask_often(), ask_often());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_states_limits_for_its_component() {
    let application = alone();
    let text = manifest(NOWHERE);
    application.write_manifest(&format!(
        "{text}\n[component.guest.tool.embedded-host]\nrequest_body_bytes = 10\nmemory_bytes = 1048576\n"
    ));
    let host = application.start().await.unwrap();
    let client = reqwest::Client::new();
    let response = client
        .post(format!("{}/e", host.base_url()))
        .body("more than ten bytes")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413);
    let (status, body) = get(&host, "/g").await;
    assert_eq!(status, 500);
    assert!(problem(&body)["detail"].as_str().unwrap().contains("1048576"), "{body}");
}
