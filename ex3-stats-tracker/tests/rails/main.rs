//! The Rails application's own tests, on both databases, against the real component and a stand-in for GitHub.
//!
//!     cargo test -p ex3-stats-tracker --test rails
//!     cargo test -p ex3-stats-tracker --test rails -- sqlite
//!     RAILS_TESTS='test/requests -n /badge/' cargo test -p ex3-stats-tracker --test rails
//!
//! Rails runs in the Debian root, which is built first where it is not there; PostgreSQL is Debian's, a server of its
//! own for each run.

use std::{path::Path, process::Stdio, time::Duration};

use debian_root::DebianRoot;
use ex3_stats_tracker::measure::tracker::{ANY_PORT, GitHub, Options, Tracker};
use postgresql::PostgreSql;

/// So short that a page that never comes ends a test soon, and long enough for any other on a busy machine.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the stand-in's clock shows until a test sets it.
const CLOCK: &str = "2026-05-10T12:00:00Z";

#[test]
fn sqlite() {
    let storage = tempfile::tempdir().expect("a temporary directory can be made");
    let file = storage.path().join("test.sqlite3");
    run_tests(&format!("sqlite3:{}", file.display()), storage.path());
}

#[test]
fn postgresql() {
    let server = PostgreSql::start();
    server.create_database("stats_tracker_test");
    run_tests(&server.url("stats_tracker_test"), server.socket_directory());
}

fn run_tests(database: &str, database_directory: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    let tracker = runtime
        .block_on(Tracker::start(Options {
            github: GitHub::StandIn {
                org: "fluxcd".into(),
                clock: Some(CLOCK.parse().expect("a time")),
                faults: Vec::new(),
            },
            address: ANY_PORT,
            contact: String::new(),
            page_timeout: PAGE_TIMEOUT,
            pause: Duration::ZERO,
            spin: None,
        }))
        .expect("the component runs; `cargo xtask setup` installs what that takes");
    let stand_in = tracker.stand_in().expect("a stand-in was asked for").base_url();
    let rails = Path::new(env!("CARGO_MANIFEST_DIR")).join("rails");
    let storage = tempfile::tempdir().expect("a temporary directory can be made");
    let tests = std::env::var("RAILS_TESTS").unwrap_or_default();
    let root = DebianRoot::get().unwrap_or_else(|error| panic!("{error}"));
    // All of the example, as the client's tests read its openapi.yaml; Rails writes log and tmp in its own directory.
    let mut inside = root
        .command("bin/rails")
        .args(["test"])
        .args(tests.split_whitespace())
        .write(env!("CARGO_MANIFEST_DIR"))
        .write(storage.path())
        .write(database_directory)
        .current_dir(&rails)
        .env("DATABASE_URL", database)
        .env("RAILS_ENV", "test")
        .env("STATS_TRACKER_COMPONENT_URL", tracker.base_url())
        .env("STATS_TRACKER_SOURCE", "stand-in")
        .env("STATS_TRACKER_STAND_IN_URL", stand_in)
        .env("STATS_TRACKER_STORAGE", storage.path());
    // How often the collector is killed, and at which points.
    for variable in ["KILLS", "KILL_SEED"] {
        if let Some(value) = std::env::var_os(variable) {
            inside = inside.env(variable, value);
        }
    }
    let output = inside
        .command()
        .unwrap_or_else(|error| panic!("{error}"))
        .stdin(Stdio::null())
        .output()
        .expect("bubblewrap starts");
    runtime.block_on(tracker.stop());
    let stdout = String::from_utf8_lossy(&output.stdout);
    println!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    let summary = stdout.lines().find(|line| line.contains(" runs, ")).unwrap_or_default();
    assert!(
        output.status.success(),
        "the Rails tests failed ({}): {summary}",
        output.status
    );
    // A run that ran nothing has not passed, nor one that skipped something.
    assert!(
        !summary.starts_with("0 runs") && summary.ends_with(" 0 skips"),
        "the Rails tests did not all run: {summary}"
    );
    eprintln!("{}: {summary}", database.split(':').next().unwrap_or_default());
}
