//! What a manifest says, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::template::Template;

/// What `spin.toml` says, checked.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub(super) path: PathBuf,
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

/// Spin's names for variables: lower-case words of letters and digits, each beginning with a letter, joined by `_`.
pub(crate) fn is_variable_name(name: &str) -> bool {
    name.split('_').all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}
