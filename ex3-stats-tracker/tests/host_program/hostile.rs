//! Guests that use the host's memory instead of their own.
//!
//! A run of an hour, which prints the most memory that the host used:
//!
//!     HOSTILE_MINUTES=60 cargo test -p ex3-stats-tracker --test host_program the_host_stays_small -- --nocapture

#![cfg(target_os = "linux")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::application::{TAKING, alone, problem};
use super::process::{Process, limit_address_space};

/// Runs for `HOSTILE_MINUTES` minutes, or for a few rounds without the variable.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_stays_small_under_hostile_guests() {
    const AT_ONCE: usize = 32;
    const ROUNDS: u32 = 4;
    let process = Arc::new(Process::start(&alone(), |_| {}));
    let all_at_once = |path: &'static str| {
        let requests: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let process = process.clone();
                tokio::spawn(async move { process.get(path).await })
            })
            .collect();
        async move {
            for request in requests {
                let (status, _) = request.await.unwrap();
                assert!(matches!(status, 200 | 500 | 503), "{path}: {status}");
            }
        }
    };
    // All instances of the pool have run once, so the idle memory includes the pages that they keep.
    all_at_once("/").await;
    let idle = process.memory("VmRSS");
    let minutes: Option<u64> = std::env::var("HOSTILE_MINUTES")
        .ok()
        .map(|text| text.parse().expect("HOSTILE_MINUTES is a number of minutes"));
    let end = minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut rounds = 0;
    while end.map_or(rounds < ROUNDS, |end| Instant::now() < end) {
        for (path, _) in TAKING {
            all_at_once(path).await;
        }
        rounds += 1;
    }
    // A guest may have two pages of 64 KiB.
    let guests = AT_ONCE * (2 << 16);
    let peak = process.memory("VmHWM");
    println!("host: {idle} bytes idle, at most {peak} in {rounds} rounds, of which {guests} are the guests' own");
    assert!(peak < idle + guests + (64 << 20), "{peak}, {idle} when idle");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_about_a_guest_are_limited() {
    let process = Process::start(&alone(), |_| {});
    // The guest sends 4,000 requests to a host that is not in its `allowed_outbound_hosts`.
    assert_eq!(process.get("/r").await.0, 200);
    let printed = process.end();
    let lines = printed.lines().filter(|line| line.contains("was refused")).count();
    assert!((100..1_000).contains(&lines), "{lines} lines of 4 000");
    assert!(printed.len() < 32 << 10, "{} bytes", printed.len());
    assert!(printed.contains("the rest is not printed"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_address_space_for_a_pool_memory_is_taken_on_demand() {
    let application = alone();
    let process = Process::start(&application, limit_address_space);
    for (path, status) in [("/", 200), ("/b", 200), ("/g", 500), ("/a", 500), ("/", 200)] {
        let (found, body) = process.get(path).await;
        assert_eq!(found, status, "{path}: {}", &body[..body.len().min(200)]);
    }
    let (_, body) = process.get("/g").await;
    assert!(
        problem(&body)["detail"].as_str().unwrap().contains("bytes of memory"),
        "{body}"
    );
    let printed = process.end();
    assert_eq!(printed.matches("on demand").count(), 1, "{printed}");
    assert!(printed.contains("ulimit -v"), "{printed}");
}
