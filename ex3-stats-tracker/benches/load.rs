//! Requests per second of `/extract`: the component in the embedded host, with a new instance for each request and with
//! instances that answer 64 of them, against the same parser in a native server. Page, client, machine and run are the same.
//! The answers of all are checked first: they must be the same bytes.
//!
//!     cargo bench -p ex3-stats-tracker --bench load               three rounds of each, about two minutes
//!     cargo bench -p ex3-stats-tracker --bench load -- --test     a few requests of each, untimed
//!
//! The clients run in the same process as the servers and use the same processors. So the rates are those of a machine
//! that runs server and clients.

mod common;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::Client;

/// The server that the others are compared with.
const NATIVE: &str = "native";

const CONNECTIONS: [usize; 3] = [1, 8, 64];
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() {
    // As in criterion: `cargo bench` passes `--bench`, `cargo test` does not.
    let given = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let untimed = given("--test") || !given("--bench");
    let (name, page) = common::page();
    let right = common::right_answer(&page);
    let host = common::host("https://github.com").await;
    let reusing = common::reusing_host("https://github.com").await;
    let servers = [
        (NATIVE, common::native().await),
        ("embedded host", host.address()),
        ("reused instances", reusing.address()),
    ];

    for (server, address) in servers {
        for connections in CONNECTIONS {
            let answers = every_answer(address, connections, &page).await;
            assert!(
                answers.iter().all(|answer| *answer == right),
                "{server} gives a wrong answer"
            );
        }
    }
    if untimed {
        println!("load: all servers give the right answer over {CONNECTIONS:?} connections");
        return;
    }

    println!(
        "POST /extract, {name} of {} bytes, requests per second (median of {ROUNDS} rounds)",
        page.len()
    );
    println!("{:>11}  {:>8}  {:>6}  answered by", "connections", "requests", "ratio");
    let mut recorded = BTreeMap::new();
    for connections in CONNECTIONS {
        let mut rates = servers.map(|_| Vec::new());
        for _ in 0..ROUNDS {
            // All servers in each round, so that a slower machine slows all of them.
            for (rates, (_, address)) in rates.iter_mut().zip(servers) {
                rates.push(rate(address, connections, &page).await);
            }
        }
        let native = median(&rates[0]);
        for (rates, (server, _)) in rates.into_iter().zip(servers) {
            let own = median(&rates);
            println!("{connections:>11}  {own:>8.0}  {:>6.2}  {server}", own / native);
            recorded.insert(format!("{server}, {connections} connections"), rates);
        }
    }
    reusing.stop().await;
    host.stop().await;
    record(&recorded);
}

/// Writes the rates of the rounds to the directory in which `cargo xtask bench` looks for them, if it runs this.
fn record(rates: &BTreeMap<String, Vec<f64>>) {
    if let Some(directory) = std::env::var_os("CRITERION_HOME") {
        let text = serde_json::to_string(rates).expect("rates are finite");
        std::fs::write(Path::new(&directory).join("rates.json"), text).expect("the directory for figures is there");
    }
}

/// A few answers over each of the connections.
async fn every_answer(address: SocketAddr, connections: usize, page: &Bytes) -> Vec<Bytes> {
    let mut answers = Vec::new();
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let page = page.clone();
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                let mut answers = Vec::new();
                for _ in 0..3 {
                    answers.push(client.extract(page.clone()).await.1);
                }
                answers
            })
        })
        .collect();
    for client in clients {
        answers.extend(client.await.expect("a client ends well"));
    }
    answers
}

/// Requests per second after the warm-up.
async fn rate(address: SocketAddr, connections: usize, page: &Bytes) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let (done, stop, page) = (done.clone(), stop.clone(), page.clone());
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                while !stop.load(Ordering::Relaxed) {
                    let (status, _) = client.extract(page.clone()).await;
                    assert_eq!(status, 200);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(WARM_UP).await;
    let (before, begun) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(MEASURED).await;
    let (after, took) = (done.load(Ordering::Relaxed), begun.elapsed());
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("a client ends well");
    }
    (after - before) as f64 / took.as_secs_f64()
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
