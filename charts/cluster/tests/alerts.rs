//! Tests of the chart's alerts: promtool evaluates the rendered rules with the series in
//! `charts/stats-tracker/tests/alerts/alerts.yaml`, and parses the dashboard's queries.

mod common;

use std::{fs, process::Command};

use cluster::Tool;
use common::{chart, output, stdout};
use serde_json::{Value, json};

/// The rendered object of a template, for the release, namespace and organisations of alerts.yaml.
fn rendered(template: &str, set: &str) -> Value {
    let mut helm = Tool::Helm.command().unwrap_or_else(|error| panic!("{error}"));
    helm.args(["template", "stats-tracker", "--namespace", "tracker"]);
    helm.args(["--set", "orgs={fluxcd,other}", "--set", set]);
    let manifest = stdout(helm.args(["--show-only", template]).arg(chart()));
    let objects: Vec<Value> = serde_saphyr::from_multiple(&manifest).expect("it is YAML");
    let [object] = <[Value; 1]>::try_from(objects).expect("it is one object");
    object
}

#[test]
fn alerts_fire_when_they_should() {
    let rule = rendered(
        "templates/monitoring/prometheusrule.yaml",
        "monitoring.prometheusRule.enabled=true",
    );
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("rules.yaml"), rule["spec"].to_string()).unwrap();
    let tests = directory.path().join("alerts.yaml");
    fs::copy(chart().join("tests/alerts/alerts.yaml"), &tests).unwrap();

    // Every alert is tested.
    let written = fs::read_to_string(&tests).unwrap();
    for alert in rule["spec"]["groups"][0]["rules"].as_array().expect("there are rules") {
        let name = alert["alert"].as_str().expect("an alert has a name");
        assert!(
            written.contains(&format!("alertname: {name}\n")),
            "{name} never speaks in a test"
        );
    }
    let output = output(Command::new("promtool").args(["test", "rules"]).arg(&tests));
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn prometheus_parses_the_dashboards_queries() {
    let dashboard = rendered(
        "templates/monitoring/dashboard.yaml",
        "monitoring.dashboard.enabled=true",
    );
    let dashboard = dashboard["data"]["stats-tracker.json"]
        .as_str()
        .expect("it holds a dashboard");
    let dashboard: Value = serde_json::from_str(dashboard).expect("it is JSON");
    let rules: Vec<Value> = dashboard["panels"]
        .as_array()
        .expect("there are panels")
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("a panel asks for something"))
        .enumerate()
        .map(|(number, target)| {
            let asked = target["expr"].as_str().expect("it is a question");
            // Variables of Grafana.
            let asked = asked.replace("$namespace", ".*").replace("$org", ".*");
            assert!(!asked.contains('$'), "who fills this in? {asked}");
            json!({"record": format!("target_{number}"), "expr": asked})
        })
        .collect();
    assert!(!rules.is_empty());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(
        &file,
        json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string(),
    )
    .unwrap();
    stdout(Command::new("promtool").args(["check", "rules"]).arg(file.path()));
}
