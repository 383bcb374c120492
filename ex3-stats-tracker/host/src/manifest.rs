//! A Spin application's manifest: `spin.toml`, version 2.
//!
//! What the host can't do is refused when the manifest is read, by the key's name, rather than ignored: a component
//! that was promised files or a database would otherwise fail on its first request.

mod checker;
mod template;
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use template::Template;

/// The largest `spin.toml` that is read; a real one is a few KB, and a path given by mistake may be a disk image.
const MANIFEST_BYTES: u64 = 1 << 20;

/// The table that Spin leaves to other tools: `[component.<id>.tool.embedded-host]`.
const TOOL: &str = "embedded-host";

/// What `spin.toml` says, checked.
#[derive(Clone, Debug)]
pub struct Manifest {
    path: PathBuf,
    /// `[application] name`.
    pub name: String,
    /// `[application] version`.
    pub version: Option<String>,
    /// `[variables]` by name.
    pub variables: BTreeMap<String, Variable>,
    /// `[[trigger.http]]`, in the file's order, without private ones.
    pub routes: Vec<Route>,
    /// `[component.<id>]` by id.
    pub components: BTreeMap<String, Component>,
}

/// A variable of the application.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its value where none is provided; `None` where one is required.
    pub default: Option<String>,
}

/// Which component answers which paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// As written: `/path`, `/path/:segment` or `/path/...`.
    pub pattern: String,
    /// The component's id.
    pub component: String,
}

/// One component, and what it is granted.
#[derive(Clone, Debug)]
pub struct Component {
    /// The module or component file, its path joined to the manifest's directory.
    pub source: PathBuf,
    /// Where it may send requests to.
    pub allowed_outbound_hosts: Vec<Template>,
    /// The values it may ask for, by name.
    pub variables: BTreeMap<String, Template>,
    /// Its environment, in whole.
    pub environment: BTreeMap<String, String>,
    /// What `[component.<id>.tool.embedded-host]` sets.
    pub limits: StatedLimits,
}

/// Limits that a manifest may state, in `[component.<id>.tool.embedded-host]`: Spin has no keys of its own for them
/// and ignores that table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedLimits {
    /// The most linear memory an instance may hold, in bytes.
    pub memory_bytes: Option<usize>,
    /// How long a request may take in the guest, in seconds.
    pub deadline_seconds: Option<u64>,
    /// How long a request may compute in the guest, waiting not counted, in seconds.
    pub computing_seconds: Option<u64>,
    /// The largest request body, in bytes.
    pub request_body_bytes: Option<usize>,
}

/// Why a manifest is not usable.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("{}: can't be read: {source}; give the path of a spin.toml", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: is larger than {MANIFEST_BYTES} bytes; give the path of a spin.toml", .path.display())]
    TooLarge { path: PathBuf },
    #[error("{}: line {line}: {problem}; correct it there", .path.display())]
    Invalid {
        path: PathBuf,
        line: usize,
        problem: String,
    },
    #[error("{}: {key}: {problem}", .path.display())]
    Key {
        path: PathBuf,
        key: String,
        problem: String,
    },
    #[error("{}: {key}: this host can't provide it; remove the key, or run the application with `spin up`", .path.display())]
    Unsupported { path: PathBuf, key: String },
    #[error("{}: {key}: there is no variable `{variable}`; declare it under [variables], or correct the name", .path.display())]
    UnknownVariable {
        path: PathBuf,
        key: String,
        variable: String,
    },
    #[error("{}: variables.{name}: is required and has no value; provide one, or give it a default", .path.display())]
    MissingVariable { path: PathBuf, name: String },
    #[error("{}: a value was provided for `{name}`, which is not under [variables]; declare it there, or correct the name", .path.display())]
    UndeclaredVariable { path: PathBuf, name: String },
}

impl Manifest {
    /// Reads and checks a `spin.toml`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_owned(),
            source,
        };
        // A device or a pipe named by mistake could be endless, so the size is asked for before anything is read.
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

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The variables' values: what is provided, else their defaults.
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

/// The line, from 1, that a byte of a text is on.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// Spin's names for variables: lower-case words of letters and digits, each beginning with a letter, joined by `_`.
pub(crate) fn is_variable_name(name: &str) -> bool {
    name.split('_').all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With what the guest's own manifest has no need of.
    const GOOD: &str = concat!(
        include_str!("../tests/guest/spin.toml"),
        "[component.guest.build]\ncommand = \"cargo build\"\n",
        "[component.guest.tool.embedded-host]\nmemory_bytes = 1048576\n"
    );

    /// What the manifest says of a variable, and the same for one that has to be provided.
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
    fn reads_what_the_host_needs() {
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
    fn names_the_variable_that_is_missing_or_not_declared() {
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
                "`gest`, and there is none of that id; known: guest",
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
    fn what_is_not_a_manifest_is_refused() {
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
    fn names_are_spins() {
        for name in ["a", "github_url", "a1_b2"] {
            assert!(is_variable_name(name), "{name}");
        }
        for name in ["", "_a", "a_", "A", "a-b", "1a", "a__b", "a_1", "ä"] {
            assert!(!is_variable_name(name), "{name}");
        }
    }
}
