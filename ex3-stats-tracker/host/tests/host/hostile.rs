//! Guests that take of the host what is not in their own memory.

use std::time::Duration;

use super::application::{Application, TAKING, alone, get, problem};
use super::servers::saying;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_makes_the_host_hold_is_limited() {
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
async fn a_guest_has_few_requests_under_way() {
    let server = saying(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
        Duration::from_secs(60),
    );
    let application = Application::new("*://*:*");
    let limit = application.limits.outbound_requests_each;
    let host = application.start().await.unwrap();
    // It sends one after the other and reads none of the answers, until one is refused: 11 is connection-limit-reached.
    let expected = (200, format!("status {limit:03}"));
    assert_eq!(get(&host, &format!("/c{server}")).await, expected);
    // Its requests ended with it, so that the next one has as many.
    assert_eq!(get(&host, &format!("/c{server}")).await, expected);
}
