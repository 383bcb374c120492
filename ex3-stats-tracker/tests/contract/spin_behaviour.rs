//! The component where Spin differs from the embedded host: guests continue after their clients have disconnected, the
//! component has its own time-outs for uploads, and a failure cuts the answer.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use ex3_stats_tracker::measure::component::{Component, HttpComponent, Kind, ListedPackage};
use http::Method;

use super::addresses::PACKAGE;
use super::document::Contract;
use super::runner::{Running, variables};
use super::spin_double::{Behaviour, SpinDouble};
use super::tracker::{Tracker, raw, stand_in};

const CHECK_INTERVAL: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_without_a_client_completes_its_request_and_ends() {
    const MANY: &str = "/orgs/stand-in-many/packages";
    let contract = Contract::read();
    let github = stand_in().await;
    let double = SpinDouble::start(variables(&github.base_url(), "60"), Behaviour::default()).await;
    let address = double.address();
    let slow = "slow-first-byte:200".parse().unwrap_or_else(|error| panic!("{error}"));
    github.set_fault("*", slow, None);
    // Repeated until a client has disconnected before its answer.
    while double.abandoned() == 0 {
        github.clear_log();
        let mut client = TcpStream::connect(address).expect("it listens");
        write!(client, "GET {MANY} HTTP/1.1\r\nhost: h\r\n\r\n").expect("it reads");
        while github.log().requests.is_empty() {
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
        drop(client);
        while double.running() > 0 {
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }
    // The three pages of the list, once each, and one at a time.
    let log = github.log();
    assert_eq!((log.requests.len(), log.maximum_concurrency), (3, 1), "{log:?}");
    assert_eq!(double.failures(), [""; 0]);
    github.clear_faults();
    let tracker = Tracker {
        contract: &contract,
        host: Running::SpinDouble(double),
    };
    assert_eq!(tracker.get(PACKAGE).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stalls_times_out() {
    let contract = Contract::read();
    let behaviour = Behaviour {
        // Longer than each time-out of the component.
        clock_step: Duration::from_secs(3_600),
        ..Behaviour::default()
    };
    let double = SpinDouble::start(variables("http://127.0.0.1:1", "60"), behaviour).await;
    let answer = raw(
        double.address(),
        "POST /extract HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nabc",
    );
    assert_eq!(answer.status, 408, "{}", answer.json);
    contract.check(&Method::POST, "/extract", &answer);
    assert_eq!(double.failures(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_answer_is_a_failure() {
    let github = stand_in().await;
    let package = ListedPackage {
        name: "source-controller".to_owned(),
        repository: None,
    };
    let variables = variables(&github.base_url(), "60");
    for cut_answers in [Some(0), Some(20), None] {
        let behaviour = Behaviour {
            cut_answers,
            ..Behaviour::default()
        };
        let double = SpinDouble::start(variables.clone(), behaviour).await;
        let component = HttpComponent::new(format!("http://{}", double.address())).expect("a client");
        let list = component.packages("fluxcd").await.map(|list| list.packages.len());
        let measured = component.measure("fluxcd", &package, None).await.map(|_| ());
        match cut_answers {
            None => assert!(list == Ok(20) && measured == Ok(()), "{list:?}, {measured:?}"),
            Some(bytes) => {
                let kinds = [list.map(|_| ()), measured].map(|answer| answer.map_err(|problem| problem.kind));
                assert_eq!(kinds, [Err(Kind::ComponentFailed); 2], "after {bytes} bytes");
            }
        }
    }
}
