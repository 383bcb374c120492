//! Which crates of this workspace may use which: what `shared/` has is for every example, and knows none of them.

use std::path::Path;

use serde_json::Value;

use crate::metadata::metadata;

/// It runs the examples. The tests of the chart may use them too, and lie with the chart.
const MAY_USE_EXAMPLES: &str = "xtask";

/// So few that a reader can look through them.
const MOST_SHARED_CRATES: usize = 9;

/// A crate of this workspace, and one that it depends on: to run, to be built or to be tested.
#[derive(Debug, PartialEq, Eq)]
struct Arrow {
    from: String,
    to: String,
}

/// Every crate in `shared/`, and their arrows that lead out of it.
fn shared(metadata: &Value) -> (Vec<String>, Vec<Arrow>) {
    let workspace = Path::new(metadata["workspace_root"].as_str().unwrap());
    let is_shared = |directory: &Path| directory.starts_with(workspace.join("shared"));
    let (mut crates, mut arrows) = (Vec::new(), Vec::new());
    for package in metadata["packages"].as_array().unwrap() {
        if !is_shared(Path::new(package["manifest_path"].as_str().unwrap())) {
            continue;
        }
        let from = package["name"].as_str().unwrap();
        crates.push(from.to_owned());
        // Of whatever kind: cargo lists dependencies, build-dependencies and dev-dependencies. Those of the workspace
        // have a path.
        for dependency in package["dependencies"].as_array().unwrap() {
            let outside = dependency["path"]
                .as_str()
                .is_some_and(|path| !is_shared(Path::new(path)));
            if outside && from != MAY_USE_EXAMPLES {
                arrows.push(Arrow {
                    from: from.to_owned(),
                    to: dependency["name"].as_str().unwrap().to_owned(),
                });
            }
        }
    }
    (crates, arrows)
}

#[test]
fn nothing_shared_depends_on_an_example() {
    let (crates, arrows) = shared(&metadata());
    assert!(crates.contains(&"xtask".to_owned()), "{crates:?}");
    assert!(crates.len() <= MOST_SHARED_CRATES, "{crates:?}");
    assert_eq!(arrows, [], "an arrow from shared/ into an example");
}

/// What the test above would find, of each kind.
#[test]
fn an_arrow_of_any_kind_is_found() {
    for kind in [Value::Null, "build".into(), "dev".into()] {
        let metadata = serde_json::json!({
            "workspace_root": "/w",
            "packages": [
                {
                    "name": "github",
                    "manifest_path": "/w/shared/github/Cargo.toml",
                    "dependencies": [
                        {"name": "axum", "kind": kind},
                        {"name": "system", "kind": kind, "path": "/w/shared/system"},
                        {"name": "ex2-parser", "kind": kind, "path": "/w/ex2-parser"},
                    ],
                },
                {
                    "name": "ex2-parser",
                    "manifest_path": "/w/ex2-parser/Cargo.toml",
                    "dependencies": [{"name": "parser-guest", "kind": kind, "path": "/w/ex2-parser/guest"}],
                },
            ],
        });
        let (crates, arrows) = shared(&metadata);
        assert_eq!(crates, ["github"]);
        let expected = Arrow {
            from: "github".to_owned(),
            to: "ex2-parser".to_owned(),
        };
        assert_eq!(arrows, [expected]);
    }
}
