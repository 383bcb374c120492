//! The command `measure`: the real program and the real component, with the stand-in and its faults.
//!
//!     cargo test -p ex3-stats-tracker --test measure

mod program;

use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

use ex3_stats_tracker::measure::{
    Tracker,
    tracker::{self, GitHub},
};
use github::stand_in::Organisation;
use program::{CLOCK, LOUD, Running, behind_a_proxy, clock, expected, last_line, program, stderr};
use serde_json::Value;
use system::command_line;

/// Runs `measure` against the stand-in at a fixed time, with more arguments.
fn measure(arguments: &[&str]) -> Output {
    let mut command = program(&["measure", "--stand-in", "--clock", CLOCK]);
    command.args(arguments).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).expect("JSON is UTF-8");
    assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}\n{}", stderr(output)))
}

fn kinds(collection: &Value) -> Vec<(&str, &str)> {
    collection["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| (failure["name"].as_str().unwrap(), failure["kind"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_package_is_measured_exactly() {
    let output = measure(&["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let collection = json(&output);
    let keys: Vec<_> = collection.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 6);
    for key in ["org", "source", "measured_at", "total", "packages", "failures"] {
        assert!(keys.contains(&key), "{key}");
    }
    assert_eq!(collection["org"], "fluxcd");
    assert_eq!(collection["source"], "stand-in");
    assert_eq!(collection["measured_at"], CLOCK);
    assert_eq!(collection["failures"], serde_json::json!([]));
    let packages = collection["packages"].as_array().unwrap();
    let organisation = Organisation::fluxcd();
    assert_eq!(packages.len(), organisation.packages_at(clock()).count());
    for (found, package) in packages.iter().zip(organisation.packages_at(clock())) {
        assert_eq!(found["name"], package.name.as_str());
        let repository = package
            .repository
            .as_ref()
            .map(|repository| format!("fluxcd/{repository}"));
        assert_eq!(found["repository"], serde_json::json!(repository), "{}", package.name);
        assert_eq!(found["total"], package.total(clock()), "{}", package.name);
        let daily: Vec<_> = package
            .daily(clock())
            .into_iter()
            .map(|(date, count)| serde_json::json!({ "date": date.to_string(), "count": count }))
            .collect();
        assert_eq!(found["daily"], serde_json::json!(daily), "{}", package.name);
    }
    let sum: u64 = organisation
        .packages_at(clock())
        .map(|package| package.total(clock()))
        .sum();
    assert_eq!(collection["total"], sum);
}

#[test]
fn the_table_shows_what_the_json_says() {
    let output = measure(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(LOUD), "{text}");
    assert!(text.contains("fluxcd on 2026-05-10 12:00 UTC"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours where there is no terminal");
    for package in Organisation::fluxcd().packages_at(clock()) {
        let row = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(&package.name));
        let row = row.unwrap_or_else(|| panic!("{} is missing in\n{text}", package.name));
        let digits = row.split_whitespace().nth(2).unwrap().replace(',', "");
        assert_eq!(digits, package.total(clock()).to_string(), "{row}");
        assert_eq!(
            row.chars()
                .rev()
                .take_while(|character| ('▁'..='█').contains(character))
                .count(),
            30,
            "{row}"
        );
    }
    assert!(text.trim_end().ends_with("downloads of 20 packages"), "{text}");
}

/// `script` copies the size of its input to the terminal; here the input is no terminal, so the size is zero.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_without_a_size_gets_whole_lines() {
    let command = program(&["measure", "--stand-in", "--clock", CLOCK]);
    let output = Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--command",
            &command_line::typed(&command),
            "/dev/null",
        ])
        .stdin(Stdio::null())
        .output()
        .expect("script is in every Debian");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let total = expected("source-controller-arm64").to_string();
    let whole = |line: &str| line.starts_with(" source-controller-arm64 ") && line.contains(&total);
    assert!(text.lines().any(whole), "{text}");
}

#[test]
fn each_fault_is_a_failure_of_its_kind_and_never_a_number() {
    // Fault, kind, exit code.
    for (fault, kind, code) in [
        ("404", "not_found", 65),
        ("vanished*2", "not_found", 65),
        ("403", "rate_limited", 69),
        ("500", "unreachable", 69),
        ("503", "unreachable", 69),
        ("cut-body", "unreachable", 69),
        ("cut-chunked", "unreachable", 69),
        ("disconnect", "unreachable", 69),
        ("label-renamed", "markup_changed", 65),
        ("title-dropped", "markup_changed", 65),
        ("title-rounded", "markup_changed", 65),
        ("title-empty", "markup_changed", 65),
        ("title-too-large", "markup_changed", 65),
        ("bar-not-a-number", "markup_changed", 65),
        ("empty", "markup_changed", 65),
        ("binary", "markup_changed", 65),
        ("utf-16", "markup_changed", 65),
        ("endless", "too_large", 65),
        ("gzip-bomb", "too_large", 65),
        ("slow-first-byte", "timed_out", 69),
        ("slow-body", "timed_out", 69),
    ] {
        // A rate limit ends the pass, so that fault is set for the last package of the list.
        let package = if kind == "rate_limited" {
            "helm-controller-arm64"
        } else {
            "charts/flagger"
        };
        let set = format!("{package}={fault}");
        let output = measure(&["--json", "--timeout", "1s", "--stand-in-fault", &set]);
        let collection = json(&output);
        if fault.starts_with("vanished") {
            // The package has vanished from the list, too, so its absence is no failure.
            assert_eq!(
                (output.status.code(), collection["packages"].as_array().unwrap().len()),
                (Some(0), 19)
            );
            continue;
        }
        assert_eq!(kinds(&collection), [(package, kind)], "{fault}: {collection}");
        assert_eq!(output.status.code(), Some(code), "{fault}");
        assert_eq!(collection["packages"].as_array().unwrap().len(), 19, "{fault}");
        assert!(!collection["failures"][0]["detail"].as_str().unwrap().is_empty());
    }
}

#[test]
fn harmless_and_short_faults_are_no_failures() {
    let gzip = measure(&["--json", "--stand-in-fault", "flagger=gzip"]);
    assert_eq!(gzip.status.code(), Some(0), "{}", stderr(&gzip));

    let no_chart = measure(&["--json", "--stand-in-fault", "source-controller=no-chart"]);
    assert_eq!(no_chart.status.code(), Some(0));
    let collection = json(&no_chart);
    assert_eq!(collection["packages"][0]["daily"], serde_json::json!([]));
    assert_eq!(collection["packages"][0]["total"], expected("source-controller"));

    let falling = measure(&["--json", "--stand-in-fault", "source-controller=falling-total"]);
    assert_eq!(
        json(&falling)["packages"][0]["total"],
        expected("source-controller") / 10 * 9
    );

    // Two answers with 503, then the page: the pass repeats the request, and reports nothing.
    let hiccup = measure(&["--json", "--stand-in-fault", "flagger=503*2"]);
    assert_eq!(
        (
            hiccup.status.code(),
            json(&hiccup)["failures"].as_array().unwrap().len()
        ),
        (Some(0), 0)
    );
    // The pass waits for a short rate limit.
    let limited = measure(&["--json", "--stand-in-fault", "flagger=429:1*1"]);
    assert_eq!(limited.status.code(), Some(0), "{}", stderr(&limited));
}

#[test]
fn a_rate_limit_ends_the_pass_and_nothing_more_is_asked() {
    for fault in ["429", "429:1800", "429:61"] {
        let output = measure(&["--json", "--stand-in-fault", &format!("helm-controller={fault}")]);
        assert_eq!(output.status.code(), Some(69));
        let collection = json(&output);
        let failed = kinds(&collection);
        assert_eq!(failed.len(), 18);
        assert_eq!(failed[0], ("helm-controller", "rate_limited"));
        assert!(failed.iter().all(|(_, kind)| *kind == "rate_limited"));
        assert_eq!(collection["packages"].as_array().unwrap().len(), 2);
    }
    // The same short limit, but longer than --wait.
    let output = measure(&[
        "--json",
        "--wait",
        "500ms",
        "--stand-in-fault",
        "helm-controller=429:1*1",
    ]);
    assert_eq!(output.status.code(), Some(69));

    let output = measure(&["--stand-in-fault", "helm-controller=429:1800"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("\n1 package could not be read and is not in the sum\n  rate_limited (1)\n"),
        "{text}"
    );
    assert!(
        text.contains("\n17 packages were not asked for and are not in the sum\n  rate_limited (17)\n"),
        "{text}"
    );
    assert!(
        text.ends_with("\n20 packages listed: 2 read, 1 failed, 17 not asked for\n"),
        "{text}"
    );
    assert!(text.contains("downloads of 2 packages"), "{text}");
}

#[test]
fn without_a_measured_package_there_is_no_sum() {
    let output = measure(&["--json", "--stand-in-fault", "source-controller=429"]);
    assert_eq!(output.status.code(), Some(69));
    let collection = json(&output);
    assert_eq!(collection["total"], Value::Null);
    assert_eq!(collection["packages"], serde_json::json!([]));
    let output = measure(&["--stand-in-fault", "source-controller=429"]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("No package could be read.")
    );
}

#[test]
fn without_a_list_there_is_one_sentence_and_nothing_on_stdout() {
    for (arguments, code, sentence) in [
        (
            vec!["--org", "stand-in-empty"],
            65,
            "stand-in-empty has no container packages",
        ),
        (
            vec!["--stand-in-fault", "/orgs/fluxcd/packages=429"],
            69,
            "fewer requests",
        ),
        (
            vec!["--stand-in-fault", "/orgs/fluxcd/packages=503"],
            69,
            "the packages of fluxcd were not listed",
        ),
        (
            vec!["--stand-in-fault", "/orgs/fluxcd/packages=empty"],
            65,
            "the packages of fluxcd were not listed",
        ),
        (
            vec!["--stand-in-fault", "/orgs/fluxcd/packages=404"],
            65,
            "no organisation or user `fluxcd`",
        ),
        (vec!["--org", "../etc"], 64, "`../etc` can't be measured"),
        (vec!["--org", ""], 64, "can't be measured"),
    ] {
        for json in [false, true] {
            let mut arguments = arguments.clone();
            if json {
                arguments.push("--json");
            }
            let output = measure(&arguments);
            assert_eq!(output.status.code(), Some(code), "{arguments:?} {}", stderr(&output));
            assert!(output.stdout.is_empty(), "{arguments:?}");
            let line = last_line(&output);
            assert!(line.starts_with("error: "), "{arguments:?}: {line}");
            assert!(line.contains(sentence), "{arguments:?}: {line}");
        }
    }
}

#[test]
fn hostile_names_of_organisations_are_refused_without_steering_the_terminal() {
    let long = "a".repeat(5_000);
    for org in ["a\u{1b}[2Jb", "a/b", "%2F", "a b", "-a", &long, "ü", "."] {
        let output = measure(&["--org", org]);
        assert_eq!(output.status.code(), Some(64), "{org}: {}", stderr(&output));
        assert!(!last_line(&output).contains('\u{1b}'));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn lists_of_several_pages_and_users_are_measured() {
    let many = measure(&["--json", "--org", "stand-in-many"]);
    assert_eq!(many.status.code(), Some(0), "{}", stderr(&many));
    let collection = json(&many);
    assert_eq!(collection["packages"].as_array().unwrap().len(), 75);
    let user = measure(&["--json", "--org", "stand-in-user"]);
    assert_eq!(user.status.code(), Some(0), "{}", stderr(&user));
    assert_eq!(json(&user)["packages"].as_array().unwrap().len(), 3);
    // The stand-in has an organisation of any other name, too.
    let other = measure(&["--json", "--org", "another"]);
    assert_eq!(other.status.code(), Some(0), "{}", stderr(&other));
    assert_eq!(json(&other)["org"], "another");
}

#[test]
fn skipped_packages_are_not_measured() {
    let output = measure(&[
        "--json",
        "--skip",
        "flux",
        "--skip",
        "charts/flagger",
        "--skip",
        "nothing",
    ]);
    assert_eq!(output.status.code(), Some(0));
    let collection = json(&output);
    let names: Vec<_> = collection["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 18);
    assert!(!names.contains(&"flux") && !names.contains(&"charts/flagger"));
    assert!(
        stderr(&output).contains("fluxcd has no package `nothing` to skip"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn wrong_usage_exits_with_64() {
    for arguments in [
        &["measure", "--clock", CLOCK][..],
        &["measure", "--stand-in", "--clock", "noon"],
        &["measure", "--stand-in-fault", "flux=404"],
        &["measure", "--stand-in", "--stand-in-fault", "flux"],
        &["measure", "--pause", "soon"],
        &["measure", "--pause", "0s"],
        &["serve", "--pause", "0s"],
        &["serve", "--pause", "100ms", "--github-url", "https://github.com"],
        &["up", "--pause", "0s"],
        &["up", "--every", "59m"],
        &["measure", "--timeout", "0s"],
        &["measure", "fluxcd"],
        &["up", "--port", "70000"],
        &["up", "--history", "400"],
        &["up", "--stand-in", "--history", "0"],
        &["serve", "--org", "fluxcd"],
        &["down"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ex3-stats-tracker"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    for arguments in [
        &["--help"][..],
        &["measure", "--help"],
        &["--completions", "bash"],
        &["--version"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ex3-stats-tracker"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty());
    }
}

#[test]
fn a_closed_stdout_is_no_panic() {
    for json in [false, true] {
        let mut command = program(&["measure", "--stand-in", "--clock", CLOCK]);
        if json {
            command.arg("--json");
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    }
}

/// The readers of stdout and stderr have ended, or the disk is full.
#[cfg(target_os = "linux")]
#[test]
fn output_that_can_not_be_written_is_no_panic() {
    use std::fs::File;

    let full = || File::options().write(true).open("/dev/full").unwrap();
    // Without stderr, stdout and the exit code are the same.
    for arguments in [
        &["measure", "--stand-in", "--clock", CLOCK, "--skip", "nothing"][..],
        &["measure", "--stand-in", "--clock", CLOCK, "--org", "stand-in-empty"],
        &["measure", "--nothing"],
    ] {
        let read = program(arguments).output().unwrap();
        let unread = program(arguments).stderr(full()).output().unwrap();
        assert_eq!((unread.status.code(), unread.stdout), (read.status.code(), read.stdout));
        let mut child = program(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait_with_output().unwrap().status.code(), read.status.code());
    }
    // Without stdout, the program fails.
    let output = program(&["measure", "--stand-in", "--clock", CLOCK])
        .stdout(full())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(74), "{}", stderr(&output));
    assert!(
        last_line(&output).contains("can't be written to stdout"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn requests_on_this_machine_use_no_proxy() {
    let mut command = program(&["measure", "--stand-in", "--org", "stand-in-user"]);
    let output = behind_a_proxy(&mut command).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// The program fails before its first request to GitHub.
#[test]
fn an_invalid_variable_is_named() {
    for (variable, value) in [
        ("HTTPS_PROXY", "socks5://me:secret@127.0.0.1:1080"),
        ("SSL_CERT_FILE", "/nowhere/authority.pem"),
    ] {
        let output = program(&["measure"]).env(variable, value).output().unwrap();
        let line = last_line(&output);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0), "{line}");
        assert!(line.contains(variable) && !line.contains("secret"), "{line}");
    }
}

#[tokio::test]
async fn github_is_asked_with_good_manners() {
    let github = GitHub::StandIn {
        org: "fluxcd".to_owned(),
        clock: Some(clock()),
        faults: vec!["flagger=503*1".parse().unwrap()],
    };
    let tracker = Tracker::start(tracker::Options {
        github,
        address: tracker::ANY_PORT,
        contact: "you@example.org".to_owned(),
        page_timeout: Duration::from_secs(30),
        pause: Duration::from_millis(20),
        spin: None,
    })
    .await
    .unwrap();
    let manners = tracker.manners();
    let (collection, _) = tracker.collect("fluxcd", &[], &manners, &()).await.unwrap();
    assert_eq!(collection.failures, []);
    let log = serde_json::to_value(tracker.stand_in().unwrap().log()).unwrap();
    let requests = log["requests"].as_array().unwrap();
    assert_eq!(log["maximum_concurrency"], 1, "one request at a time");
    let agents: Vec<_> = requests
        .iter()
        .map(|request| request["user_agent"].as_str().unwrap())
        .collect();
    assert!(
        agents
            .iter()
            .all(|agent| agent.contains("stats-tracker/") && agent.contains("you@example.org")),
        "{agents:?}"
    );
    assert!(requests.iter().all(|request| request["method"] == "GET"));
    // Each of the 20 packages once, and the failed one again.
    let packages: Vec<_> = requests
        .iter()
        .map(|request| request["path"].as_str().unwrap())
        .filter(|path| path.contains("/container/"))
        .collect();
    assert_eq!(packages.len(), 21, "{packages:#?}");
    assert_eq!(
        packages.iter().filter(|path| path.ends_with("/flagger")).count(),
        2,
        "{packages:#?}"
    );
    // No upper limit, since a slow machine makes the pauses longer. Times are in whole milliseconds, hence 19.
    for two in requests.windows(2) {
        let pause = two[1]["began_at"].as_u64().unwrap() - two[0]["ended_at"].as_u64().unwrap();
        assert!(
            pause >= 19,
            "{pause} ms between {} and {}",
            two[0]["path"],
            two[1]["path"]
        );
    }
    tracker.stop().await;
}

#[cfg(unix)]
#[test]
fn ctrl_c_during_a_pass_prints_nothing_and_says_how_far_it_came() {
    // Packages that are read, and then one with a rate limit of 50 s.
    let mut command = program(&["measure", "--stand-in", "--json", "--timeout", "1h"]);
    let mut running = Running::start(command.args(["--stand-in-fault", "kustomize-controller=429:50"]));
    // At this line, the first package has been read.
    running.line_with("waiting 50 s");
    running.signal("-INT");
    let rest = running.rest_of_stderr();
    let (status, stdout) = running.ended();
    assert_eq!((status.code(), stdout.as_str()), (Some(130), ""));
    assert_eq!(rest, "error: stopped after 1 package of fluxcd; nothing is printed\n");
}

/// In a network namespace with nothing but the loopback interface. Skipped where the user can create none.
#[cfg(target_os = "linux")]
#[test]
fn without_a_network_it_says_so_once() {
    let unshare = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--", "sh", "-c"]);
        command
            .arg("{ ip link set lo up || ifconfig lo up; } >/dev/null 2>&1 && exec \"$@\"")
            .arg("sh")
            .arg(program);
        command
    };
    if !unshare("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no network namespace can be created (unshare --net)");
        return;
    }
    program(&[]);
    for arguments in [&["measure"][..], &["measure", "--json"]] {
        let output = unshare(env!("CARGO_BIN_EXE_ex3-stats-tracker"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
        let text = stderr(&output);
        let sentences: Vec<_> = text.lines().filter(|line| line.contains("check the network")).collect();
        assert_eq!(sentences.len(), 1, "{text}");
        assert!(sentences[0].contains("--stand-in"), "{text}");
    }
}
