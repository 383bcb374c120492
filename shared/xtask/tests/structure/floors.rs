//! The allowed dependencies of this workspace's crates: `shared/` is for all examples, and must not depend on one.

use std::path::Path;

use serde_json::Value;

use crate::metadata::metadata;

/// The crate that may depend on examples, because it runs them.
const MAY_USE_EXAMPLES: &str = "xtask";

/// The largest number of crates in `shared/`, so that a reader can know all of them.
const MAX_SHARED_CRATES: usize = 9;

/// A dependency between two crates of this workspace, of any kind: normal, build or dev.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    from: String,
    to: String,
}

/// The crates in `shared/`, and their dependencies on crates of this workspace outside of it.
fn shared(metadata: &Value) -> (Vec<String>, Vec<Dependency>) {
    let workspace = Path::new(metadata["workspace_root"].as_str().unwrap());
    let is_shared = |directory: &Path| directory.starts_with(workspace.join("shared"));
    let (mut crates, mut dependencies) = (Vec::new(), Vec::new());
    for package in metadata["packages"].as_array().unwrap() {
        if !is_shared(Path::new(package["manifest_path"].as_str().unwrap())) {
            continue;
        }
        let from = package["name"].as_str().unwrap();
        crates.push(from.to_owned());
        // Cargo lists dependencies of all kinds here. Those of the workspace have a path.
        for dependency in package["dependencies"].as_array().unwrap() {
            let outside = dependency["path"]
                .as_str()
                .is_some_and(|path| !is_shared(Path::new(path)));
            if outside && from != MAY_USE_EXAMPLES {
                dependencies.push(Dependency {
                    from: from.to_owned(),
                    to: dependency["name"].as_str().unwrap().to_owned(),
                });
            }
        }
    }
    (crates, dependencies)
}

#[test]
fn nothing_shared_depends_on_an_example() {
    let (crates, dependencies) = shared(&metadata());
    assert!(crates.contains(&"xtask".to_owned()), "{crates:?}");
    assert!(crates.len() <= MAX_SHARED_CRATES, "{crates:?}");
    assert_eq!(dependencies, [], "a crate in shared/ depends on an example");
}

/// Shows that the test above finds dependencies of each kind.
#[test]
fn a_dependency_of_any_kind_is_found() {
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
        let (crates, dependencies) = shared(&metadata);
        assert_eq!(crates, ["github"]);
        let expected = Dependency {
            from: "github".to_owned(),
            to: "ex2-parser".to_owned(),
        };
        assert_eq!(dependencies, [expected]);
    }
}
