//! The option `--spin`: the component in a Spin that the user has installed.
//!
//!     cargo test -p ex3-stats-tracker --test serve_spin
//!     STATS_TRACKER_SPIN=/usr/local/bin/spin cargo test -p ex3-stats-tracker --test serve_spin
//!
//! The variable is the path of a real Spin, which only one of the tests needs. The others use a script in place of
//! Spin. The script checks its arguments and its environment, and runs the application in the embedded host.
#![cfg(unix)]

mod program;

use std::{
    env, fs, net::TcpStream, os::unix::fs::PermissionsExt, path::PathBuf, process::Command, thread, time::Duration,
};

use ex3_stats_tracker::measure::{
    Manners, Tracker,
    tracker::{self, GitHub},
};
use program::{LOUD, Running, get, last_line, program, stderr};
use serde_json::Value;
use tempfile::TempDir;

const CONTACT: &str = "you@example.org";

/// A script in place of Spin. It checks its arguments and its environment, and then runs `then`.
fn script(then: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spin");
    let calls = directory.path().join("calls");
    let text = format!(
        "#!/bin/sh\n# A stand-in for Spin.\necho \"$*\" >> '{}'\necho 'Serving, says the stand-in for Spin'\n\
         [ \"$#\" = 5 ] && [ \"$1 $2 $4\" = 'up --listen --from' ] || exit 64\n\
         [ \"$SPIN_VARIABLE_CONTACT\" = '{CONTACT}' ] && [ \"$SPIN_VARIABLE_PAGE_TIMEOUT\" = 20 ] || exit 65\n{then}\n",
        calls.display()
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    (directory, path)
}

/// A script that serves the application like Spin, until a signal ends it.
fn serving() -> (TempDir, PathBuf) {
    script(&format!(
        "exec '{}' serve --port \"${{3##*:}}\" --application \"$5\"",
        env!("CARGO_BIN_EXE_ex3-stats-tracker")
    ))
}

fn tracker(arguments: &[&str], spin: &PathBuf) -> Command {
    let mut command = program(arguments);
    command
        .args(["--stand-in", "--contact", CONTACT, "--timeout", "20s", "--spin"])
        .arg(spin);
    command
}

fn assert_measures(spin: &PathBuf) {
    let output = tracker(&["measure", "--json"], spin).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let collection: Value = serde_json::from_slice(&output.stdout).expect("stdout is JSON");
    assert_eq!(collection["source"], "stand-in");
    assert_eq!(collection["packages"].as_array().unwrap().len(), 20);
    assert_eq!(collection["failures"], serde_json::json!([]));
}

#[test]
fn spin_runs_the_component_instead() {
    let (directory, spin) = serving();
    assert_measures(&spin);
    let calls = fs::read_to_string(directory.path().join("calls")).unwrap();
    let call: Vec<&str> = calls.split_whitespace().collect();
    assert!(
        call[2].starts_with("127.0.0.1:") && call[4].ends_with("spin.toml"),
        "{calls}"
    );
    // The module is at the path in its manifest.
    let manifest: toml::Table = fs::read_to_string(call[4]).unwrap().parse().unwrap();
    let source = manifest["component"]["stats-tracker"]["source"].as_str().unwrap();
    assert!(PathBuf::from(source).is_file(), "{source}");
}

/// A Spin that dies is started again. Spin ends when the program ends.
#[test]
fn it_is_kept_running_and_ends_with_the_program() {
    let (directory, spin) = serving();
    let mut running = Running::start(&mut tracker(&["serve", "--port", "0"], &spin));
    // The embedded host in the script prints such a line, too, with the same address.
    let url = running.url_after("listens on");
    running.line_with(LOUD);
    assert_eq!(get(&format!("{url}/healthz")).0, 200);
    let address = url.strip_prefix("http://").unwrap();
    let port = address.rsplit(':').next().unwrap();
    // The command line of the embedded host in the script contains the port.
    let pattern = format!("serve --port {port} --application");
    let found = Command::new("pgrep").args(["-f", "--", &pattern]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let child = found
        .lines()
        .next()
        .unwrap_or_else(|| panic!("nothing listens on {port}"));
    assert!(Command::new("kill").args(["-KILL", child]).status().unwrap().success());
    running.line_with("starting it again in 1 s");
    running.url_after("listens on");
    assert_eq!(get(&format!("{url}/healthz")).0, 200);
    assert_eq!(running.end("-KILL").0.code(), None);
    // The kernel ends the script after its parent. Then nothing listens on the address.
    wait_until_nothing_listens(address);
    assert_eq!(
        fs::read_to_string(directory.path().join("calls"))
            .unwrap()
            .lines()
            .count(),
        2
    );
}

fn wait_until_nothing_listens(address: &str) {
    while TcpStream::connect(address).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
}

const PAUSE: Duration = Duration::from_millis(1_234);

/// A tracker for a GitHub that is never asked.
async fn idle(spin: Option<PathBuf>) -> Tracker {
    let options = tracker::Options {
        github: GitHub::At("http://127.0.0.1:1".to_owned()),
        address: tracker::ANY_PORT,
        contact: CONTACT.to_owned(),
        page_timeout: Duration::from_secs(20),
        pause: PAUSE,
        spin,
    };
    Tracker::start(options).await.unwrap()
}

#[tokio::test]
async fn a_pass_makes_the_pause_that_spin_does_not_make() {
    let tracker = idle(None).await;
    let pause = Duration::ZERO;
    assert_eq!(
        tracker.manners(),
        Manners {
            pause,
            ..Manners::GITHUB
        },
        "the host makes it"
    );
    tracker.stop().await;

    let (_directory, spin) = serving();
    let tracker = idle(Some(spin)).await;
    assert_eq!(
        tracker.manners(),
        Manners {
            pause: PAUSE,
            ..Manners::GITHUB
        }
    );
    tracker.stop().await;
}

/// Spin is asked to end, and gets the time for it. It ends with a tracker that is dropped, too.
#[tokio::test]
async fn it_ends_with_the_tracker() {
    let (directory, spin) = script(&format!(
        "exec '{}' serve --port \"${{3##*:}}\" --application \"$5\" 2> \"$0.log\"",
        env!("CARGO_BIN_EXE_ex3-stats-tracker")
    ));
    idle(Some(spin)).await.stop().await;
    let log = fs::read_to_string(directory.path().join("spin.log")).unwrap();
    assert!(log.contains("ending"), "{log}");

    let (_directory, spin) = serving();
    let tracker = idle(Some(spin)).await;
    let url = tracker.base_url();
    drop(tracker);
    let address = url.strip_prefix("http://").unwrap().to_owned();
    tokio::task::spawn_blocking(move || wait_until_nothing_listens(&address))
        .await
        .unwrap();
}

#[test]
fn a_spin_that_does_not_run_is_named() {
    let missing = PathBuf::from("/nowhere/spin");
    let output = tracker(&["measure"], &missing).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(69), 0));
    assert!(
        last_line(&output).contains("/nowhere/spin") && last_line(&output).contains("--spin PROGRAM"),
        "{}",
        stderr(&output)
    );

    let (_directory, ends) = script("echo 'no such trigger' >&2; exit 3");
    let output = tracker(&["measure"], &ends).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(69), 0));
    let text = stderr(&output);
    assert!(
        text.contains("no such trigger") && last_line(&output).contains("exit status: 3"),
        "{text}"
    );

    for arguments in [
        &[
            "measure",
            "--spin",
            "x",
            "--stand-in",
            "--clock",
            "2026-05-10T12:00:00Z",
        ][..],
        &["up", "--stand-in", "--history", "3", "--spin"],
        &["serve", "--spin", "--application", "spin.toml"],
    ] {
        assert_eq!(
            program(arguments).output().unwrap().status.code(),
            Some(64),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_real_spin_does_the_same() {
    let Some(spin) = env::var_os("STATS_TRACKER_SPIN").map(PathBuf::from) else {
        println!("skipped: STATS_TRACKER_SPIN is not set");
        return;
    };
    assert_measures(&spin);
}
