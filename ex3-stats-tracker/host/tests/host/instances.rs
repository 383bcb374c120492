//! Instances that answer more than one request, where the manifest says so.

use std::time::Duration;

use super::application::{Application, NOWHERE, alone, get, manifest};

/// An application whose instances answer up to three requests each.
fn of_three() -> Application {
    let application = alone();
    let text = manifest(NOWHERE);
    application.write_manifest(&format!(
        "{text}\n[component.guest.tool.embedded-host]\nrequests_per_instance = 3\n"
    ));
    application
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_an_instance_of_its_own_by_default() {
    let host = alone().start().await.unwrap();
    for _ in 0..3 {
        assert_eq!(get(&host, "/i").await, (200, "status 001".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_answers_its_number_of_requests() {
    let host = of_three().start().await.unwrap();
    for wanted in ["001", "002", "003", "001", "002", "003", "001"] {
        assert_eq!(get(&host, "/i").await, (200, format!("status {wanted}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_dropped_after_a_failure_and_where_something_is_left() {
    let mut application = of_three();
    application.limits.deadline = Duration::from_millis(300);
    let host = application.start().await.unwrap();
    // A trap, an endless loop, an answer that is cut, no answer, a limit that was met, and a handle that is left.
    for path in ["/t", "/l", "/h", "/n", "/g", "/"] {
        assert_eq!(get(&host, "/i").await, (200, "status 001".to_owned()), "before {path}");
        if let Ok(response) = reqwest::get(format!("{}{path}", host.base_url())).await {
            let _ = response.bytes().await;
        }
        assert_eq!(get(&host, "/i").await, (200, "status 001".to_owned()), "after {path}");
        // Its last one, so that the next path is asked of a new instance.
        for _ in 0..2 {
            get(&host, "/i").await;
        }
    }
}

/// The state in the host is that of one request, whatever its instance did before.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_request_has_a_whole_limit_of_its_own() {
    let mut application = of_three();
    application.limits.deadline = Duration::from_millis(500);
    let host = application.start().await.unwrap();
    for wanted in ["001", "002", "003"] {
        assert_eq!(get(&host, "/i").await, (200, format!("status {wanted}")));
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn waiting_instances_leave_places_for_the_others() {
    let mut application = of_three();
    application.limits.concurrent_requests = 2;
    application.limits.queue_wait = Duration::from_secs(30);
    let host = application.start().await.unwrap();
    let ask = async |path: &'static str| {
        for _ in 0..20 {
            let (status, body) = get(&host, path).await;
            assert_eq!(status, 200, "{path}: {body}");
        }
    };
    tokio::join!(ask("/i"), ask("/"), ask("/i"), ask("/"));
}
