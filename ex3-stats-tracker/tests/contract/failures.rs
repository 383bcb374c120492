//! The stand-in's faults: the kind and the detail of each.

use github::stand_in::{self, Fault, StandIn};
use serde_json::json;

use super::addresses::{LIST, PACKAGE, VERSIONS};
use super::tracker::Tracker;

/// The kind of problem that each of the stand-in's faults gives. `None`: the component answers with a measurement.
pub(crate) fn expected(fault: &str) -> Option<&'static str> {
    match fault {
        "gzip" | "no-chart" | "falling-total" | "list-shrinks" | "list-grows" | "heading-off" => None,
        "404" | "login" | "vanished" => Some("not_found"),
        "429" | "429:7" | "403" => Some("rate_limited"),
        "label-renamed" | "title-dropped" | "title-rounded" | "title-empty" | "title-too-large"
        | "bar-not-a-number" | "empty" | "binary" | "utf-16" => Some("markup_changed"),
        "endless" | "gzip-bomb" => Some("too_large"),
        _ => Some("unreachable"),
    }
}

/// The beginning of the detail for a fault of the connection. It is the same in every host, although the hosts give
/// different error codes of WASI.
pub(crate) fn detail(fault: &str) -> Option<&'static str> {
    match fault {
        "500" | "503" => Some("GitHub answered with the status 50"),
        "disconnect" => Some("GitHub did not answer: the connection broke"),
        "cut-body" | "cut-chunked" => Some("GitHub did not answer: the connection broke"),
        "gzip-cut" => Some("GitHub's page is cut off or damaged"),
        "redirect-loop" => Some("GitHub redirected more than"),
        "redirect-elsewhere" => Some("GitHub redirected to another host"),
        "endless" | "gzip-bomb" => Some("GitHub's page has more than"),
        // On a busy machine a byte may be late before the page as a whole is.
        "slow-first-byte" | "slow-body" => Some("GitHub's answer: its "),
        _ => None,
    }
}

/// The stand-in's faults in their syntax, without the slow ones.
pub(crate) fn faults() -> impl Iterator<Item = String> {
    let syntax = stand_in::fault::SYNTAX.split(", ").flat_map(|fault| match fault {
        "500 to 599" => vec!["500".to_owned(), "503".to_owned()],
        "429[:RETRY_AFTER_SECONDS]" => vec!["429".to_owned(), "429:7".to_owned()],
        fault => vec![fault.to_owned()],
    });
    syntax.filter(|fault| !fault.starts_with("slow-"))
}

pub(crate) async fn faults_of_a_package(tracker: &Tracker<'_>, github: &StandIn) {
    for name in faults() {
        let fault: Fault = name.parse().unwrap_or_else(|error| panic!("{error}"));
        github.set_fault("source-controller", fault, None);
        let answer = tracker.get(PACKAGE).await;
        github.clear_faults();
        match expected(&name) {
            None => {
                assert_eq!(answer.status, 200, "{name}: {}", answer.json);
                assert!(answer.json["total"].as_u64().is_some_and(|total| total > 0), "{name}");
                assert_eq!(
                    answer.json["daily"].as_array().map(Vec::len),
                    Some(if name == "no-chart" { 0 } else { 30 })
                );
            }
            Some(kind) => assert_eq!(answer.json["kind"], kind, "{name}: {}", answer.json),
        }
        answer.assert_detail(detail(&name));
        match name.as_str() {
            "429:7" => assert_eq!(answer.header("retry-after"), Some("7")),
            "429" | "403" => assert_eq!(answer.header("retry-after"), Some("1800")),
            _ => {}
        }
        assert_eq!(tracker.get(PACKAGE).await.status, 200, "after {name}");
    }
}

pub(crate) async fn faults_of_a_list(tracker: &Tracker<'_>, github: &StandIn) {
    for (name, kind) in [
        ("404", "not_found"),
        ("429:60", "rate_limited"),
        ("503", "unreachable"),
        ("cut-body", "unreachable"),
        ("endless", "too_large"),
        ("binary", "markup_changed"),
        ("redirect-loop", "unreachable"),
    ] {
        for target in [LIST, VERSIONS] {
            github.set_fault("*", name.parse().unwrap_or_else(|error| panic!("{error}")), None);
            let answer = tracker.get(target).await;
            github.clear_faults();
            assert_eq!(answer.json["kind"], kind, "{name} on {target}: {}", answer.json);
        }
    }
}

/// A list that changes between its first and its second page is read once more. If it changes again, the answer is a
/// problem.
pub(crate) async fn lists_that_change(tracker: &Tracker<'_>, github: &StandIn) {
    const MANY: &str = "/orgs/stand-in-many/packages";
    let whole = tracker.get(MANY).await.json;
    assert_eq!(whole.as_array().map(Vec::len), Some(75));
    for (name, kind) in [
        ("list-shrinks", "unreachable"),
        ("list-grows", "unreachable"),
        ("heading-off", "markup_changed"),
    ] {
        let fault: Fault = name.parse().unwrap_or_else(|error| panic!("{error}"));
        github.set_fault(MANY, fault, Some(1));
        assert_eq!(tracker.get(MANY).await.json, whole, "{name}, once");
        github.set_fault(MANY, fault, None);
        github.clear_log();
        let answer = tracker.get(MANY).await;
        assert_eq!(answer.json["kind"], kind, "{name}: {}", answer.json);
        let readings = github
            .log()
            .requests
            .iter()
            .filter(|request| request.path.ends_with("page=1"))
            .count();
        assert_eq!(readings, 2, "{name}");
        github.clear_faults();
    }
}

pub(crate) async fn slow_answers(tracker: &Tracker<'_>, github: &StandIn) {
    for fault in ["slow-first-byte", "slow-body"] {
        github.set_fault("*", fault.parse().unwrap_or_else(|error| panic!("{error}")), None);
        for target in [LIST, PACKAGE, VERSIONS] {
            let answer = tracker.get(target).await;
            assert_eq!(
                (answer.status, &answer.json["kind"]),
                (504, &json!("timed_out")),
                "{fault} on {target}: {}",
                answer.json
            );
            answer.assert_detail(detail(fault));
        }
        github.clear_faults();
    }
}
