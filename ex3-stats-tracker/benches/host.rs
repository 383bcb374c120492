//! The component in the embedded host: an instantiation, one `/extract`, and one whole measurement of the stand-in's
//! organisation. The answers are checked before anything is timed.
//!
//!     cargo bench -p ex3-stats-tracker --bench host
//!     cargo bench -p ex3-stats-tracker --bench host -- --test     once each, untimed

mod common;

use std::collections::BTreeMap;

use bytes::Bytes;
use common::{COMPONENT, Client, LOOPBACK};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ex2_parser::stream;
use github::stand_in::{self, StandIn};
use serde_json::Value;
use spin_host::Application;
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime starts")
}

/// The cost of a new instance for each request.
fn instance(criterion: &mut Criterion) {
    let runtime = runtime();
    let application =
        Application::load(&common::manifest(), &BTreeMap::new(), &common::options()).expect("the component loads");
    let instantiate = || async {
        application
            .instantiate(COMPONENT)
            .await
            .expect("the component is there")
            .expect("it can be instantiated");
    };
    runtime.block_on(instantiate());
    criterion.bench_function("instance", |bencher| bencher.to_async(&runtime).iter(instantiate));
}

/// One `/extract` at a time over one connection.
fn extract(criterion: &mut Criterion) {
    let runtime = runtime();
    let (name, page) = common::page();
    let right = common::right_answer(&page);
    let (host, reusing, native) = runtime.block_on(async {
        let github = "https://github.com";
        (
            common::host(github).await,
            common::reusing_host(github).await,
            common::native().await,
        )
    });
    let mut group = criterion.benchmark_group("extract");
    group.throughput(Throughput::Bytes(page.len() as u64));
    for (server, address) in [
        ("embedded host", host.address()),
        ("reused instances", reusing.address()),
        ("native", native),
    ] {
        let mut client = runtime.block_on(Client::connect(address));
        let (status, answer) = runtime.block_on(client.extract(page.clone()));
        assert_eq!((status.as_u16(), answer), (200, right.clone()), "{server}");
        group.bench_function(format!("{server}/{name}"), |bencher| {
            bencher.iter(|| runtime.block_on(client.extract(page.clone())));
        });
    }
    group.finish();
    runtime.block_on(async {
        host.stop().await;
        reusing.stop().await;
    });
}

/// The list, then each package: the requests of a collection, one after the other and without pauses. A plain client makes
/// the same requests to GitHub's stand-in as the component does, decompresses the pages, and reads them with the same
/// library.
fn measurement(criterion: &mut Criterion) {
    let runtime = runtime();
    let stand_in = runtime
        .block_on(StandIn::start(LOOPBACK, stand_in::Options::default()))
        .expect("the stand-in starts");
    // The totals grow with the time.
    stand_in.set_clock(stand_in.now());
    let host = runtime.block_on(common::host(&stand_in.base_url()));
    let mut component = runtime.block_on(Client::connect(host.address()));
    let totals = runtime.block_on(measure(&mut component));
    assert!(totals.len() > 10, "only {} packages were measured", totals.len());
    let paths: Vec<String> = stand_in
        .log()
        .requests
        .into_iter()
        .map(|request| request.path)
        .collect();
    let mut github = runtime.block_on(Client::connect(stand_in.address()));
    assert_eq!(runtime.block_on(read_pages(&mut github, &paths)), totals);

    let mut group = criterion.benchmark_group("measurement");
    group.throughput(Throughput::Elements(totals.len() as u64));
    group.sample_size(10);
    group.bench_function("stand-in", |bencher| {
        bencher.iter(|| runtime.block_on(measure(&mut component)))
    });
    group.bench_function("plain client", |bencher| {
        bencher.iter(|| runtime.block_on(read_pages(&mut github, &paths)))
    });
    group.finish();
    runtime.block_on(async {
        host.stop().await;
        stand_in.stop().await;
    });
}

/// Measures all packages and returns their totals.
async fn measure(component: &mut Client) -> Vec<u64> {
    let mut get = async |path: String| -> Value {
        let (status, answer) = component.send("GET", &path, Bytes::new()).await;
        assert_eq!(status, 200, "{path}: {answer:?}");
        serde_json::from_slice(&answer).expect("the answer is JSON")
    };
    let packages = get("/orgs/fluxcd/packages".to_owned()).await;
    let packages = packages.as_array().expect("the list is an array");
    let mut totals = Vec::new();
    for package in packages {
        let name = package["name"]
            .as_str()
            .expect("a package has a name")
            .replace('/', "%2F");
        let measured = get(format!("/orgs/fluxcd/packages/{name}")).await;
        totals.push(measured["total"].as_u64().expect("a total is a number"));
    }
    totals
}

/// Reads pages of GitHub, of which some are not there, and returns the totals of the packages.
async fn read_pages(github: &mut Client, paths: &[String]) -> Vec<u64> {
    let mut totals = Vec::new();
    for path in paths {
        let (status, page) = github.page(path).await;
        if !status.is_success() {
            continue;
        }
        match stream::package(&page) {
            Ok(package) => totals.push(package.total),
            Err(_) => assert!(stream::package_list(&page).is_ok(), "{path} is another page"),
        }
    }
    totals
}

criterion_group!(benches, instance, extract, measurement);
criterion_main!(benches);
