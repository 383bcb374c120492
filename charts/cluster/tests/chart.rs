//! Tests of the chart with Helm alone: its lint, its unit tests, its README, and the errors for wrong values.

mod common;

use std::fs;

use cluster::Tool;
use common::{chart, ci_values, refusal, stdout};
use serde_json::{Map, Value, json};

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

/// Argo CD and `helm template` render without a cluster, in which passwords could be looked up. A rendering that differs
/// each time would change them again and again.
#[test]
fn with_existing_secrets_each_rendering_is_the_same() {
    for way in ["gitops", "external-database", "cloudnative-pg"] {
        for mode in ["container", "spinkube"] {
            let rendered = || {
                let values = chart().join(format!("ci/{way}-values.yaml"));
                let mode = format!("component.mode={mode}");
                stdout(
                    helm(&["template", "tracker", "--set", &mode])
                        .arg(chart())
                        .arg("--values")
                        .arg(values),
                )
            };
            assert_eq!(rendered(), rendered(), "{way}, {mode}");
        }
    }
    // The comparison would find it.
    let random = || stdout(helm(&["template", "tracker"]).arg(chart()));
    assert_ne!(random(), random());
}

/// Each value is either optional, and `null` removes it, or `null` is refused with its path.
#[test]
fn null_removes_a_value_or_is_refused_with_its_path() {
    let read = |file: &str| fs::read_to_string(chart().join(file)).unwrap();
    let values: Value = serde_saphyr::from_str(&read("values.yaml")).unwrap();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    let (mut optional, mut needed) = (json!({}), Vec::new());
    nulls(&schema, &schema, &values, &mut optional, "", &mut needed);
    assert!(needed.len() > 50, "{needed:?}");

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("values.json");
    fs::write(&file, optional.to_string()).unwrap();
    for mode in ["container", "runtimeClass", "spinkube"] {
        let mode = format!("component.mode={mode}");
        let mut helm = helm(&[
            "template",
            "tracker",
            "--set",
            &mode,
            "--set",
            "networkPolicy.enabled=true",
        ]);
        let rendered = stdout(helm.arg(chart()).arg("--values").arg(&file));
        assert!(!rendered.contains("<no value>"), "{rendered}");
        assert!(!rendered.contains("fsGroup"), "the file has removed it: {rendered}");
    }

    let everything = needed
        .iter()
        .flat_map(|path| ["--set".to_owned(), format!("{path}=null")]);
    let errors = refusal(helm(&["template", "tracker"]).arg(chart()).args(everything));
    for path in needed {
        let (section, name) = path.rsplit_once('.').unwrap_or(("", &path));
        let place = format!(
            "at '{}{}'",
            if section.is_empty() { "" } else { "/" },
            section.replace('.', "/")
        );
        assert!(
            errors
                .lines()
                .any(|line| line.contains(&place) && line.contains(&format!("'{name}'"))),
            "{path}: {errors}"
        );
    }
}

/// Collects the values that the schema does not require, as `null`, and the paths of the required ones without values below
/// them.
fn nulls(root: &Value, schema: &Value, values: &Value, optional: &mut Value, path: &str, needed: &mut Vec<String>) {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    resolve(root, schema, &mut properties, &mut required);
    for (name, value) in values.as_object().unwrap() {
        let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "." });
        if !required.contains(&json!(name)) {
            optional[name] = Value::Null;
        } else if value.is_object() {
            optional[name] = json!({});
            nulls(root, &properties[name], value, &mut optional[name], &path, needed);
        } else {
            needed.push(path);
        }
    }
}

/// Collects the properties of a schema, and the names of the required ones.
fn resolve(root: &Value, schema: &Value, properties: &mut Map<String, Value>, required: &mut Vec<Value>) {
    if let Some(reference) = schema["$ref"].as_str() {
        resolve(
            root,
            root.pointer(reference.trim_start_matches('#')).unwrap(),
            properties,
            required,
        );
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        resolve(root, part, properties, required);
    }
    properties.extend(schema["properties"].as_object().cloned().unwrap_or_default());
    required.extend(schema["required"].as_array().into_iter().flatten().cloned());
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
