//! Tests of the chart with Helm alone: its lint, its unit tests, its README, and the errors for wrong values.

mod common;

use std::fs;

use cluster::Tool;
use common::{chart, ci_values, refusal, stdout};

fn helm(arguments: &[&str]) -> std::process::Command {
    let mut helm = Tool::Helm.command().unwrap_or_else(|error| panic!("{error}"));
    helm.args(arguments);
    helm
}

#[test]
fn helm_lint_passes() {
    for (_, values) in ci_values() {
        let printed = stdout(helm(&["lint", "--strict"]).arg(chart()).arg("--values").arg(values));
        assert!(printed.contains("1 chart(s) linted, 0 chart(s) failed"), "{printed}");
    }
}

#[test]
fn the_unit_tests_pass() {
    let mut unittest = Tool::HelmUnittest.command().unwrap_or_else(|error| panic!("{error}"));
    let printed = stdout(unittest.arg("--strict").arg("--color=false").arg(chart()));
    let passed = printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("Tests:"))
        .unwrap_or_else(|| panic!("it says how many tests it ran: {printed}"));
    println!("{passed}");
    assert!(!passed.trim_start().starts_with("0 "), "there are tests: {printed}");
}

#[test]
fn its_readme_is_generated_from_its_values() {
    let mut docs = Tool::HelmDocs.command().unwrap_or_else(|error| panic!("{error}"));
    let from_the_values = stdout(
        docs.args([
            "--dry-run",
            "--sort-values-order=file",
            "--log-level=error",
            "--chart-search-root",
        ])
        .arg(chart()),
    );
    let readme = fs::read_to_string(chart().join("README.md")).expect("the chart has a README.md");
    assert!(
        from_the_values.trim() == readme.trim(),
        "charts/stats-tracker/README.md is not what its values say; write it with: \
         cargo run -p cluster -- helm-docs --sort-values-order=file --chart-search-root charts/stats-tracker"
    );
}

#[test]
fn a_wrong_value_is_refused_with_its_path() {
    for (wrong, place) in [
        // A misspelt key, another type, an unknown choice, a too small number, another format.
        ("web.replica=3", "'/web'"),
        ("web.replicas=many", "'/web/replicas'"),
        ("component.mode=docker", "'/component/mode'"),
        ("web.replicas=-1", "'/web/replicas'"),
        ("orgs={two words}", "'/orgs/0'"),
        ("orgs={}", "'/orgs/0'"),
        ("github.url=ghcr.io", "'/github/url'"),
        ("collector.schedule=nightly", "'/collector/schedule'"),
        ("database.bundled.storage.size=big", "'/database/bundled/storage/size'"),
        ("rails.image.digest=latest", "'/rails/image/digest'"),
        // Values that contradict each other.
        ("database.mode=external", "database.external.existingSecret:"),
        ("web.httpRoute.enabled=true", "web.httpRoute.parentRefs:"),
        ("collector.pause=0", "collector.pause:"),
        (
            "component.spinkube.admissionPolicy=true",
            "component.spinkube.admissionPolicy:",
        ),
    ] {
        let errors = refusal(helm(&["template", "tracker", "--set", wrong]).arg(chart()));
        assert!(errors.contains(place), "{wrong}: {errors}");
    }
}
