//! A Spin application's manifest: `spin.toml`, version 2.
//!
//! A key that the host does not support is an error when the manifest is read. If it were ignored, a component that
//! needs files or a database would fail at its first request.

mod checker;
mod content;
mod error;
mod template;
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

pub(crate) use content::is_variable_name;
pub use content::{Component, Manifest, Route, StatedLimits, Variable};
pub use error::Error;
use error::MANIFEST_BYTES;
pub use template::Template;

impl Manifest {
    /// Reads and checks a `spin.toml`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_owned(),
            source,
        };
        // The size is checked before reading, because a device or a pipe that is named by mistake can be endless.
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(unreadable(io::Error::other("it is not a file")));
        }
        if metadata.len() > MANIFEST_BYTES {
            return Err(Error::TooLarge { path: path.to_owned() });
        }
        Self::parse(&fs::read_to_string(path).map_err(unreadable)?, path)
    }

    /// Checks a `spin.toml` that was read from `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let written: written::Manifest = toml::from_str(text).map_err(|error| Error::Invalid {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            problem: error.message().replace('\n', ", "),
        })?;
        checker::Checker {
            path,
            directory: path.parent().unwrap_or(Path::new("")),
        }
        .manifest(written)
    }

    /// The path of the manifest.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The values of the variables: the provided ones, or else the defaults.
    pub fn resolve(&self, provided: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
        if let Some(name) = provided.keys().find(|name| !self.variables.contains_key(*name)) {
            return Err(Error::UndeclaredVariable {
                path: self.path.clone(),
                name: name.clone(),
            });
        }
        self.variables
            .iter()
            .map(
                |(name, variable)| match provided.get(name).or(variable.default.as_ref()) {
                    Some(value) => Ok((name.clone(), value.clone())),
                    None => Err(Error::MissingVariable {
                        path: self.path.clone(),
                        name: name.clone(),
                    }),
                },
            )
            .collect()
    }
}

/// The number of the line, from 1, with the byte at `offset`.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// The test guest's manifest, with tables that it does not need.
    const GOOD: &str = concat!(
        include_str!("../tests/guest/spin.toml"),
        "[component.guest.build]\ncommand = \"cargo build\"\n",
        "[component.guest.tool.embedded-host]\nmemory_bytes = 1048576\n"
    );

    /// A variable with a default in the manifest, and its replacement without one.
    const DEFAULT: &str = "greeting = { default = \"hello from a variable\" }";
    const REQUIRED: &str = "greeting = { required = true, secret = true }";

    fn parse(text: &str) -> Result<Manifest, Error> {
        Manifest::parse(text, Path::new("some/spin.toml"))
    }

    fn provided(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_valid_manifest_is_read() {
        let manifest = parse(GOOD).unwrap();
        assert_eq!(manifest.name, "test");
        assert_eq!(
            manifest.routes,
            [Route {
                pattern: "/...".to_owned(),
                component: "guest".to_owned()
            }]
        );
        let component = &manifest.components["guest"];
        assert_eq!(component.source, Path::new("some/guest.wasm"));
        assert_eq!(component.limits.memory_bytes, Some(1 << 20));
        assert_eq!(component.limits.deadline_seconds, None);
        let values = manifest.resolve(&provided(&[])).unwrap();
        assert_eq!(
            component.variables["greeting"].render(&values).unwrap(),
            "hello from a variable!"
        );
        let values = manifest
            .resolve(&provided(&[("allowed", "http://127.0.0.1:1")]))
            .unwrap();
        assert_eq!(
            component.allowed_outbound_hosts[0].render(&values).unwrap(),
            "http://127.0.0.1:1"
        );
    }

    #[test]
    fn a_missing_or_undeclared_variable_is_named() {
        let manifest = parse(&GOOD.replace(DEFAULT, REQUIRED)).unwrap();
        let missing = manifest.resolve(&provided(&[])).unwrap_err().to_string();
        assert!(
            missing.starts_with("some/spin.toml: variables.greeting: is required"),
            "{missing}"
        );
        let undeclared = manifest
            .resolve(&provided(&[("greeting", "t"), ("greting", "")]))
            .unwrap_err()
            .to_string();
        assert!(undeclared.contains("`greting`"), "{undeclared}");
    }

    #[test]
    fn each_mistake_is_named_with_its_file_and_key() {
        let cases = [
            (
                "spin_manifest_version = 2",
                "spin_manifest_version = 1",
                "spin_manifest_version: is 1",
            ),
            ("spin_manifest_version = 2", "spin_manifest_version = ", "line 2:"),
            ("source = ", "sauce = ", "unknown field `sauce`"),
            ("source = \"guest.wasm\"", "", "missing field `source`"),
            (
                "source = \"guest.wasm\"",
                "source = { url = \"u\", digest = \"d\" }",
                "component.guest.source",
            ),
            (
                "component = \"guest\"",
                "component = \"gest\"",
                "`gest`, but there is none with this id; known: guest",
            ),
            (
                "route = \"/...\"",
                "route = \"...\"",
                "trigger.http.route: `...` does not begin with `/`",
            ),
            ("route = \"/...\"", "route = \"/.../x\"", "has `...` before its end"),
            (
                "route = \"/...\"",
                "route = { private = true }",
                "there is no public route",
            ),
            ("route = \"/...\"", "route = 1", "`route` must be a path"),
            (
                "route = \"/...\"",
                "route = \"/...\"\nexecutor = { type = \"wagi\" }",
                "trigger.http.executor: this host",
            ),
            (
                "[[trigger.http]]",
                "[[trigger.redis]]\n[[trigger.http]]",
                "trigger.redis: this host can't provide it",
            ),
            (
                "[\"{{ allowed }}\"]",
                "[\"{{ alowed }}\"]",
                "allowed_outbound_hosts: there is no variable `alowed`",
            ),
            ("[\"{{ allowed }}\"]", "[\"{{ allowed\"]", "has a `{{` without its `}}`"),
            (
                "greeting = \"{{",
                "GREETING = \"{{",
                "component.guest.variables.GREETING: a name is",
            ),
            (DEFAULT, "greeting = {}", "variables.greeting: has no `default`"),
            (
                "greeting = { default",
                "greeting = { required = true, default",
                "remove one of the two",
            ),
            (
                "memory_bytes = 1048576",
                "memory_byte = 1",
                "tool.embedded-host: unknown field `memory_byte`",
            ),
            ("memory_bytes = 1048576", "memory_bytes = -1", "tool.embedded-host"),
            ("memory_bytes = 1048576", "deadline_seconds = 0", "a limit of 0"),
            ("memory_bytes = 1048576", "requests_per_instance = 0", "a limit of 0"),
            (
                "allowed_outbound_hosts",
                "files = [\"a\"]\nallowed_outbound_hosts",
                "component.guest.files: this host",
            ),
            (
                "allowed_outbound_hosts",
                "key_value_stores = [\"default\"]\nallowed_outbound_hosts",
                "guest.key_value_stores",
            ),
        ];
        for (good, bad, expected) in cases {
            assert!(GOOD.contains(good), "{good}");
            let error = parse(&GOOD.replacen(good, bad, 1)).expect_err(expected).to_string();
            assert!(error.starts_with("some/spin.toml: "), "{error}");
            assert!(error.contains(expected), "{error}\nhas no\n{expected}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_no_manifest_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = directory.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let huge = directory.path().join("huge");
        fs::File::create(&huge).unwrap().set_len(100 << 20).unwrap();
        for path in [
            directory.path().join("missing"),
            directory.path().to_owned(),
            PathBuf::from("/dev/zero"),
            huge,
            file("empty", b""),
            file("binary", &[0, 159, 146, 150]),
            file("html", b"<!doctype html>"),
        ] {
            let error = Manifest::read(&path).unwrap_err().to_string();
            assert!(error.starts_with(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn names_of_variables_are_as_in_spin() {
        for name in ["a", "github_url", "a1_b2"] {
            assert!(is_variable_name(name), "{name}");
        }
        for name in ["", "_a", "a_", "A", "a-b", "1a", "a__b", "a_1", "ä"] {
            assert!(!is_variable_name(name), "{name}");
        }
    }
}
