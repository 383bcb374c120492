//! The real component against the stand-in, in the embedded host, in a host that behaves like Spin, and in Spin.
//! `openapi.yaml` describes every answer, and every fault of the stand-in has its kind of problem.
//!
//!     cargo test -p ex3-stats-tracker --test contract
//!     STATS_TRACKER_SPIN=spin cargo test -p ex3-stats-tracker --test contract     # and under `spin up`, which is
//!                                                                                # skipped without the variable

mod addresses;
mod answers;
#[path = "../component/mod.rs"]
mod component;
mod document;
mod failures;
mod runner;
mod spin_behaviour;
mod spin_double;
mod tracker;

use std::collections::BTreeSet;

use http::Method;
use serde_json::json;
use spin_host::Limits;

use self::addresses::{LIST, PACKAGE, VERSIONS};
use self::document::Contract;
use self::runner::{Runner, Running, variables};
use self::tracker::{Tracker, stand_in};

#[tokio::test(flavor = "multi_thread")]
async fn the_component_keeps_the_contract() {
    the_contract_is_kept_under(Runner::EmbeddedHost).await;
}

/// See `spin_double`.
#[tokio::test(flavor = "multi_thread")]
async fn the_component_keeps_the_contract_in_a_host_that_behaves_like_spin() {
    the_contract_is_kept_under(Runner::SpinDouble).await;
}

/// With a long `page_timeout`, the host waits longer than by default. Its default is 300 ms here, so that the test does
/// not take 35 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_take_as_long_as_the_component_is_told() {
    let contract = Contract::read();
    let github = stand_in().await;
    let limits = Limits {
        outbound_wait: std::time::Duration::from_millis(300),
        ..Limits::default()
    };
    let tracker = Tracker {
        contract: &contract,
        host: Running::host(variables(&github.base_url(), "60"), limits).await,
    };
    let slow = "slow-first-byte:1500".parse().unwrap_or_else(|error| panic!("{error}"));
    github.set_fault("source-controller", slow, None);
    let answer = tracker.get(PACKAGE).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    tracker.host.stop().await;
}

/// Spin itself answers such a request with an empty 400.
#[tokio::test(flavor = "multi_thread")]
async fn raw_utf_8_in_a_path_is_a_bad_request() {
    let contract = Contract::read();
    let host = Running::host(variables("http://127.0.0.1:1", "60"), Limits::default()).await;
    let answer = tracker::raw(
        host.address(),
        "GET /orgs/fluxcd/packages/caf\u{e9} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    );
    assert_eq!((answer.status, &answer.json["kind"]), (400, &json!("bad_request")));
    contract.check(&Method::GET, "/orgs/fluxcd/packages/x", &answer);
}

/// Only if `STATS_TRACKER_SPIN` is the path of a `spin` program.
#[tokio::test(flavor = "multi_thread")]
async fn the_component_keeps_the_contract_under_spin() {
    match std::env::var_os("STATS_TRACKER_SPIN") {
        Some(program) => the_contract_is_kept_under(Runner::Spin(program.into())).await,
        None => eprintln!("skipped: STATS_TRACKER_SPIN is not set"),
    }
}

async fn the_contract_is_kept_under(runner: Runner) {
    let contract = Contract::read();
    let github = stand_in().await;
    let tracker = Tracker::start(&contract, &runner, &github.base_url(), "60").await;
    answers::valid_requests(&tracker, &github).await;
    answers::invalid_requests(&tracker, &github).await;
    answers::posted_pages(&tracker, &github).await;
    failures::faults_of_a_package(&tracker, &github).await;
    failures::faults_of_a_list(&tracker, &github).await;
    failures::lists_that_change(&tracker, &github).await;
    assert_eq!(
        tracker.get("/healthz").await.json,
        json!({"status": "ok"}),
        "it stays up"
    );
    tracker.host.stop().await;

    // A slow machine does not matter here, since a time-out is what is expected.
    let impatient = Tracker::start(&contract, &runner, &github.base_url(), "1").await;
    failures::slow_answers(&impatient, &github).await;
    impatient.host.stop().await;

    let address = github.base_url();
    github.stop().await;
    let alone = Tracker::start(&contract, &runner, &address, "60").await;
    for target in [LIST, PACKAGE, VERSIONS] {
        let answer = alone.get(target).await;
        assert_eq!(answer.json["kind"], "unreachable");
        answer.assert_detail(Some("GitHub did not answer: the connection was refused"));
    }
    assert_eq!(alone.get("/healthz").await.status, 200);

    let mut missing = contract.described();
    let seen = contract.seen.lock().expect("not poisoned").clone();
    missing.retain(|described| !seen.contains(described));
    // Not tested here, because it takes long: `spin_behaviour` and the service's own tests cover a body that stalls.
    assert!(missing.remove(&("/extract".to_owned(), "post".to_owned(), 408)));
    assert_eq!(missing, BTreeSet::new(), "described, but never answered");
}
