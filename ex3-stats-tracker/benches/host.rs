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

/// The list, then each package: the requests of a collection, one after the other and without pauses.
fn measurement(criterion: &mut Criterion) {
    let runtime = runtime();
    let stand_in = runtime
        .block_on(StandIn::start(LOOPBACK, stand_in::Options::default()))
        .expect("the stand-in starts");
    let host = runtime.block_on(common::host(&stand_in.base_url()));
    let mut client = runtime.block_on(Client::connect(host.address()));
    let packages = runtime.block_on(measure(&mut client));
    assert!(packages > 10, "only {packages} packages were measured");
    let mut group = criterion.benchmark_group("measurement");
    group.throughput(Throughput::Elements(packages));
    group.sample_size(10);
    group.bench_function("stand-in", |bencher| {
        bencher.iter(|| runtime.block_on(measure(&mut client)))
    });
    group.finish();
    runtime.block_on(async {
        host.stop().await;
        stand_in.stop().await;
    });
}

/// Measures all packages and returns their number.
async fn measure(client: &mut Client) -> u64 {
    let mut get = async |path: String| -> Value {
        let (status, answer) = client.send("GET", &path, Bytes::new()).await;
        assert_eq!(status, 200, "{path}: {answer:?}");
        serde_json::from_slice(&answer).expect("the answer is JSON")
    };
    let packages = get("/orgs/fluxcd/packages".to_owned()).await;
    let packages = packages.as_array().expect("the list is an array");
    for package in packages {
        let name = package["name"]
            .as_str()
            .expect("a package has a name")
            .replace('/', "%2F");
        let measured = get(format!("/orgs/fluxcd/packages/{name}")).await;
        assert!(measured["total"].as_u64().is_some(), "{measured}");
    }
    packages.len() as u64
}

criterion_group!(benches, instance, extract, measurement);
criterion_main!(benches);
