//! The real component, in the embedded host, in a host that does as Spin does, and in Spin, against the stand-in: every
//! answer is one that `openapi.yaml` describes, and every way the stand-in fails has its kind.
//!
//!     cargo test -p ex3-stats-tracker --test contract
//!     STATS_TRACKER_SPIN=spin cargo test -p ex3-stats-tracker --test contract     # and under `spin up`, which it says
//!                                                                                # it skips without the variable

mod addresses;
mod answers;
mod document;
mod failures;
mod runner;
mod spin_double;
mod spins_ways;
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

/// A host that does as Spin does: see `spin_double`.
#[tokio::test(flavor = "multi_thread")]
async fn the_component_keeps_the_contract_where_a_host_does_as_spin_does() {
    the_contract_is_kept_under(Runner::SpinDouble).await;
}

/// A page that takes longer than the host waits by itself arrives, where `page_timeout` allows for it: the limits of the
/// host are scaled to a hundredth, so that nobody waits for the 35 seconds that this stands for.
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

/// Spin's own answer to that is an empty 400.
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

/// The contract under Spin itself, where `STATS_TRACKER_SPIN` names a `spin` program.
#[tokio::test(flavor = "multi_thread")]
async fn the_component_keeps_the_contract_under_spin() {
    match std::env::var_os("STATS_TRACKER_SPIN") {
        Some(program) => the_contract_is_kept_under(Runner::Spin(program.into())).await,
        None => eprintln!("skipped: STATS_TRACKER_SPIN names no spin program"),
    }
}

async fn the_contract_is_kept_under(runner: Runner) {
    let contract = Contract::read();
    let github = stand_in().await;
    let tracker = Tracker::start(&contract, &runner, &github.base_url(), "60").await;
    answers::what_is_there(&tracker, &github).await;
    answers::what_is_asked_wrongly(&tracker, &github).await;
    answers::what_is_posted(&tracker, &github).await;
    failures::what_fails(&tracker, &github).await;
    failures::what_fails_in_a_list(&tracker, &github).await;
    failures::what_changes_while_it_is_read(&tracker, &github).await;
    assert_eq!(
        tracker.get("/healthz").await.json,
        json!({"status": "ok"}),
        "it stays up"
    );
    tracker.host.stop().await;

    // Every failure here is one of waiting, so that it does not matter how slow this machine is.
    let impatient = Tracker::start(&contract, &runner, &github.base_url(), "1").await;
    failures::what_takes_too_long(&impatient, &github).await;
    impatient.host.stop().await;

    let address = github.base_url();
    github.stop().await;
    let alone = Tracker::start(&contract, &runner, &address, "60").await;
    for target in [LIST, PACKAGE, VERSIONS] {
        let answer = alone.get(target).await;
        assert_eq!(answer.json["kind"], "unreachable");
        answer.says(Some("GitHub did not answer: the connection was refused"));
    }
    assert_eq!(alone.get("/healthz").await.status, 200);

    let mut missing = contract.described();
    let seen = contract.seen.lock().expect("not poisoned").clone();
    missing.retain(|described| !seen.contains(described));
    // Whether a body comes too slowly is a matter of time alone; the service's own tests have it.
    assert!(missing.remove(&("/extract".to_owned(), "post".to_owned(), 408)));
    assert_eq!(missing, BTreeSet::new(), "described, and never seen");
}
