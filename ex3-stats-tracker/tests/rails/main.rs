//! The Rails application's own tests, on both databases, against the real component and a stand-in for GitHub.
//!
//!     cargo test -p ex3-stats-tracker --test rails
//!     cargo test -p ex3-stats-tracker --test rails -- sqlite
//!     RAILS_TESTS='test/requests -n /badge/' cargo test -p ex3-stats-tracker --test rails
//!
//! Rails runs in the Debian root, which is built if it does not exist. PostgreSQL is Debian's; each run starts its own
//! server.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ex3_stats_tracker::measure::tracker::{ANY_PORT, GitHub, Options, Tracker};
use system::debian_root::DebianRoot;
use system::postgresql::PostgreSql;

/// Short, since tests wait for it, but long enough for a page on a busy machine.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// For the case that the time limit of each Rails test does not work. All of them take about a fifth of this.
const TIME_LIMIT: Duration = Duration::from_secs(20 * 60);

/// The time of the stand-in's clock until a test sets it.
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
        .block_on(within(
            "starting the component",
            Tracker::start(Options {
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
            }),
        ))
        .expect("the component runs; `cargo xtask setup` installs the tools for it");
    let stand_in = tracker.stand_in().expect("the options have a stand-in").base_url();
    let rails = Path::new(env!("CARGO_MANIFEST_DIR")).join("rails");
    let storage = tempfile::tempdir().expect("a temporary directory can be made");
    let tests = std::env::var("RAILS_TESTS").unwrap_or_default();
    let root = DebianRoot::get().unwrap_or_else(|error| panic!("{error}"));
    // All of the example is visible, because the client's tests read openapi.yaml. Rails writes `log` and `tmp`.
    let mut inside = root
        .command("bin/rails")
        .args(["test", "--verbose"])
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
    // The number and the seed of the tests' kills.
    for variable in ["KILLS", "KILL_SEED"] {
        if let Some(value) = std::env::var_os(variable) {
            inside = inside.env(variable, value);
        }
    }
    let log = storage.path().join("output");
    let mut command = inside.command().unwrap_or_else(|error| panic!("{error}"));
    let passed = run_into(&log, &mut command);
    runtime.block_on(within("stopping the component", tracker.stop()));
    // Does not wait for tasks that block a thread.
    runtime.shutdown_background();
    let output = std::fs::read(&log).expect("the output was written to a file");
    let output = String::from_utf8_lossy(&output);
    println!("{output}");
    let summary = output.lines().find(|line| line.contains(" runs, ")).unwrap_or_default();
    assert!(passed, "the Rails tests failed: {summary}");
    // A run without tests or with a skipped test has not passed.
    assert!(
        !summary.starts_with("0 runs") && summary.ends_with(" 0 skips"),
        "the Rails tests did not all run: {summary}"
    );
    eprintln!("{}: {summary}", database.split(':').next().unwrap_or_default());
}

/// The future's output. Panics with `what` after the time limit.
async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIME_LIMIT, future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not end"))
}

/// Runs the command with its output in a file. Returns whether it succeeded within the time limit; with the limit, the
/// output of tests that hang is printed, too.
fn run_into(log: &Path, command: &mut Command) -> bool {
    let file = File::create(log).expect("a file for the output can be made");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("a file can be shared"))
        .stderr(file)
        .spawn()
        .expect("bubblewrap starts");
    let kills = std::env::var("KILLS")
        .ok()
        .and_then(|kills| kills.parse().ok())
        .unwrap_or(100);
    let end = Instant::now() + TIME_LIMIT.max(Duration::from_secs(10 * kills));
    while Instant::now() < end {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status.success();
        }
        thread::sleep(Duration::from_millis(100));
    }
    child.kill().expect("a child can be killed");
    child.wait().expect("a child that was killed ends");
    eprintln!("the Rails tests did not end");
    false
}
