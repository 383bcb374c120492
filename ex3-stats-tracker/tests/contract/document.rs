//! Checks answers against `openapi.yaml`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

/// An answer of the component.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Asserts that the problem's detail begins with `expected`, if it is given.
    #[track_caller]
    pub(crate) fn assert_detail(&self, expected: Option<&str>) {
        if let Some(expected) = expected {
            let detail = self.json["detail"].as_str().unwrap_or_default();
            assert!(detail.starts_with(expected), "{detail:?} is not {expected:?}");
        }
    }
}

/// The parsed `openapi.yaml`.
pub(crate) struct Contract {
    pub(crate) document: Value,
    /// Path, method and status of the answers that were checked.
    pub(crate) seen: Mutex<BTreeSet<(String, String, u16)>>,
}

impl Contract {
    pub(crate) fn read() -> Contract {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.yaml");
        let text = std::fs::read_to_string(path).expect("openapi.yaml is there");
        let document = serde_saphyr::from_str(&text).expect("openapi.yaml is YAML");
        Contract {
            document,
            seen: Mutex::default(),
        }
    }

    /// The path template of the document that matches a request's path.
    pub(crate) fn path(&self, target: &str) -> Option<&str> {
        let target: Vec<_> = target.split('?').next().unwrap_or_default().split('/').collect();
        let matches = |path: &str| {
            let path: Vec<_> = path.split('/').collect();
            path.len() == target.len()
                && path
                    .iter()
                    .zip(&target)
                    .all(|(part, given)| part.starts_with('{') || part == given)
        };
        let paths = self.document["paths"].as_object().expect("paths");
        paths.keys().find(|path| matches(path)).map(String::as_str)
    }

    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("references stay in the document");
                self.document
                    .pointer(pointer)
                    .unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
            None => value,
        }
    }

    /// The errors of an instance against a schema, which may refer to the document's components.
    pub(crate) fn errors(&self, schema: &Value, instance: &Value) -> Vec<String> {
        let schema = json!({"allOf": [schema], "components": self.document["components"]});
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .expect("a schema");
        validator
            .iter_errors(instance)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect()
    }

    /// Fails unless the document describes this answer to this request.
    #[track_caller]
    pub(crate) fn check(&self, method: &Method, target: &str, answer: &Answer) {
        let what = format!("{method} {target}: {} {}", answer.status, answer.json);
        let media_type = answer
            .header("content-type")
            .unwrap_or_else(|| panic!("no Content-Type: {what}"));
        let Some(path) = self.path(target) else {
            // The document has no such path, but it describes the problem.
            assert_eq!((answer.status, media_type), (404, "application/problem+json"), "{what}");
            let errors = self.errors(&json!({"$ref": "#/components/schemas/Problem"}), &answer.json);
            assert_eq!(errors, [""; 0], "{what}");
            return;
        };
        let operations = self.document["paths"][path].as_object().expect("operations");
        let wanted = if *method == Method::HEAD {
            "get".to_owned()
        } else {
            method.as_str().to_ascii_lowercase()
        };
        let (name, operation) = match operations.get_key_value(&wanted) {
            Some(found) => found,
            // The answer to a wrong method is described in the path's own operation.
            None => operations
                .iter()
                .find(|(name, _)| *name != "parameters")
                .expect("an operation"),
        };
        let status = answer.status.to_string();
        let response = self.resolve(
            operation["responses"]
                .get(&status)
                .unwrap_or_else(|| panic!("undescribed: {what}")),
        );
        for (header, description) in response["headers"].as_object().into_iter().flatten() {
            let required = description["required"] == true;
            let description = self.resolve(description);
            match answer.header(&header.to_ascii_lowercase()) {
                None => assert!(!required, "no {header}: {what}"),
                Some(value) => {
                    let value = value
                        .parse::<u64>()
                        .map_or_else(|_| json!(value), |number| json!(number));
                    let errors = self.errors(&description["schema"], &value);
                    assert_eq!(errors, [""; 0], "{header} of {what}");
                }
            }
        }
        let content = response["content"]
            .get(media_type)
            .unwrap_or_else(|| panic!("undescribed {media_type}: {what}"));
        let errors = self.errors(&content["schema"], &answer.json);
        assert_eq!(errors, [""; 0], "{what}");
        self.seen
            .lock()
            .expect("not poisoned")
            .insert((path.to_owned(), name.clone(), answer.status));
    }

    /// Path, method and status of all answers in the document.
    pub(crate) fn described(&self) -> BTreeSet<(String, String, u16)> {
        let mut described = BTreeSet::new();
        for (path, operations) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                for status in operation["responses"]
                    .as_object()
                    .into_iter()
                    .flat_map(|responses| responses.keys())
                {
                    described.insert((path.clone(), method.clone(), status.parse().expect("a status")));
                }
            }
        }
        described
    }
}

#[test]
fn the_document_is_valid() {
    let contract = Contract::read();
    assert_eq!(contract.document["openapi"], "3.1.0");
    let mut references = 0;
    let mut values = vec![&contract.document];
    while let Some(value) = values.pop() {
        if value.get("$ref").is_some_and(Value::is_string) {
            contract.resolve(value);
            references += 1;
        }
        match value {
            Value::Array(items) => values.extend(items),
            Value::Object(fields) => values.extend(fields.values()),
            _ => {}
        }
    }
    assert!(references > 30, "{references}");
    for (name, schema) in contract.document["components"]["schemas"].as_object().expect("schemas") {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
    }
}

#[test]
fn the_contract_refuses_what_it_does_not_describe() {
    let contract = Contract::read();
    let measurement = json!({"$ref": "#/components/schemas/Measurement"});
    let good = json!({
        "name": "charts/flagger", "total": 18_446_744_073_709_551_615_u64, "measured_at": "2026-05-10T12:00:00Z",
        "daily": [{"date": "2026-05-10", "count": 412}],
    });
    assert_eq!(contract.errors(&measurement, &good), [""; 0]);
    for (field, wrong) in [
        ("total", json!("14360")),
        ("total", json!(-1)),
        ("total", json!(1.5)),
        ("total", Value::Null),
        ("name", json!("../flagger")),
        ("measured_at", json!("2026-05-10 12:00")),
        ("daily", json!([{"date": "2026-05-40", "count": 1}])),
        ("daily", json!([{"date": "2026-05-10"}])),
        ("more", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[field] = wrong;
        assert_ne!(contract.errors(&measurement, &bad), [""; 0], "{bad}");
    }
}
