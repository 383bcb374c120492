//! The log, the control over HTTP, and requests that are none.

use std::time::Duration;

use github::stand_in::{self, Error, Fault, Options, StandIn};

use super::{PACKAGE, client, get, start};

#[tokio::test]
async fn the_log_has_clients_paths_and_the_concurrency() {
    let stand_in = start().await;
    get(&stand_in, PACKAGE).await;
    get(&stand_in, "/nobody?x=1").await;
    let log = stand_in.log();
    assert_eq!(log.maximum_concurrency, 1);
    let lines: Vec<_> = log
        .requests
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str(), request.status))
        .collect();
    assert_eq!(lines, [("GET", PACKAGE, 200), ("GET", "/nobody?x=1", 404)]);
    assert_eq!(log.requests[0].user_agent.as_deref(), Some("test (me@example.org)"));
    assert!(log.requests.iter().all(|request| request.ended_at.is_some()));

    // Two slow requests, so that both are active at the same time.
    stand_in.set_fault("*", Fault::SlowBody(Duration::from_secs(3_600)), None);
    let first = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
    let second = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
    let log = stand_in.log();
    assert_eq!(log.maximum_concurrency, 2);
    assert_eq!(log.requests[3].fault.as_deref(), Some("slow-body:3600000"));
    assert_eq!(log.requests[3].ended_at, None);
    drop((first, second));
    stand_in.clear_log();
    assert!(stand_in.log().requests.is_empty());
}

#[tokio::test]
async fn it_is_controlled_over_http() {
    let stand_in = start().await;
    let call = async |method: &str, path: &str| {
        let url = format!("{}/_stand-in{path}", stand_in.base_url());
        let response = client().request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(response.headers()["x-stand-in"], stand_in::HEADER_VALUE);
        (
            response.status().as_u16(),
            response.json::<serde_json::Value>().await.unwrap(),
        )
    };
    assert_eq!(
        call("POST", "/clock?at=2026-06-01T00:00:00Z").await.1["now"],
        "2026-06-01T00:00:00Z"
    );
    assert_eq!(
        call("POST", "/clock?advance=86400").await.1["now"],
        "2026-06-02T00:00:00Z"
    );
    let running: jiff::Timestamp = call("DELETE", "/clock").await.1["now"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let now = jiff::Timestamp::now();
    assert!((now - jiff::SignedDuration::from_hours(1)..=now).contains(&running));
    let (status, state) = call("POST", "/faults?set=charts%2Fflagger%3D429:2*3").await;
    assert_eq!(status, 200);
    assert_eq!(
        state["faults"][0],
        serde_json::json!({ "fault": "charts/flagger=429:2", "requests_before": 0, "requests_left": 3 })
    );
    let (status, _) = get(&stand_in, "/fluxcd/flagger/pkgs/container/charts%2Fflagger").await;
    assert_eq!(status, 429);
    let (_, log) = call("GET", "/log").await;
    assert_eq!(log["requests"][0]["status"], 429);
    assert_eq!(
        log["requests"].as_array().unwrap().len(),
        1,
        "control requests are not logged"
    );
    assert_eq!(call("DELETE", "/faults").await.1["faults"], serde_json::json!([]));
    call("DELETE", "/log").await;
    assert!(stand_in.log().requests.is_empty());
    for (method, path) in [
        ("POST", "/clock"),
        ("POST", "/clock?at=noon"),
        ("POST", "/clock?advance=-1"),
        ("POST", "/faults?set=flagger"),
        ("POST", "/faults?set=flagger%3Dnonsense"),
    ] {
        let (status, answer) = call(method, path).await;
        assert_eq!(status, 400, "{path}");
        assert!(answer["error"].is_string());
    }
    assert_eq!(call("GET", "/nothing").await.0, 404);
}

#[tokio::test]
async fn other_interfaces_are_refused_and_a_used_port_is_named() {
    let error = StandIn::start("0.0.0.0:0".parse().unwrap(), Options::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotLoopback(_)), "{error}");
    let stand_in = start().await;
    let error = StandIn::start(stand_in.address(), Options::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&stand_in.address().to_string()), "{error}");
}

#[tokio::test]
async fn hostile_requests_get_an_answer() {
    let stand_in = start().await;
    let long = "a".repeat(5_000);
    for path in [
        "/%00",
        "/..%2f..%2fetc/passwd",
        "//////",
        "/?page=%%%&tab",
        &format!("/{long}"),
        "/orgs/%E0%80/packages",
    ] {
        assert_eq!(get(&stand_in, path).await.0, 404, "{path}");
    }
    let (status, page) = get(&stand_in, "/orgs/fluxcd/packages?page=99999999999999999999").await;
    assert_eq!(status, 200);
    assert!(page.contains("source-controller"));
    let (status, page) = get(&stand_in, "/orgs/fluxcd/packages?page=4294967295").await;
    assert_eq!((status.as_u16(), page.contains("blankslate")), (200, true));
}
