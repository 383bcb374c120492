//! Guests that use the host's memory instead of their own.

use std::time::Duration;

use super::application::{Application, TAKING, alone, get, problem};
use super::servers::fixed_answer;

#[tokio::test(flavor = "multi_thread")]
async fn the_host_memory_of_a_guest_is_limited() {
    let host = alone().start().await.unwrap();
    for (path, detail) in TAKING {
        let (status, body) = get(&host, path).await;
        assert_eq!(status, 500, "{path}: {body}");
        assert!(
            problem(&body)["detail"].as_str().unwrap().contains(detail),
            "{path}: {body}"
        );
        assert_eq!(get(&host, "/").await, (200, "hello".to_owned()), "after {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_concurrent_requests_of_a_guest_are_limited() {
    let server = fixed_answer(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
        Duration::from_secs(60),
    );
    let application = Application::new("*://*:*");
    let limit = application.limits.outbound_requests_each;
    let host = application.start().await.unwrap();
    // The guest sends requests without reading the answers, until one is refused with 11, connection-limit-reached.
    let expected = (200, format!("status {limit:03}"));
    assert_eq!(get(&host, &format!("/c{server}")).await, expected);
    // The requests end with their guest, so the next guest can send the same number.
    assert_eq!(get(&host, &format!("/c{server}")).await, expected);
}
