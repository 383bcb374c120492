//! What a manifest says, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::template::Template;

/// A valid `spin.toml`.
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
    /// The value if none is provided; `None` if one must be provided.
    pub default: Option<String>,
}

/// The paths that a component answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The pattern: `/path`, `/path/:segment` or `/path/...`.
    pub pattern: String,
    /// The component's id.
    pub component: String,
}

/// A component and its capabilities.
#[derive(Clone, Debug)]
pub struct Component {
    /// The path of the module or component, joined to the manifest's directory.
    pub source: PathBuf,
    /// The servers to which it may send requests.
    pub allowed_outbound_hosts: Vec<Template>,
    /// Its variables, by name.
    pub variables: BTreeMap<String, Template>,
    /// All of its environment variables.
    pub environment: BTreeMap<String, String>,
    /// The limits in `[component.<id>.tool.embedded-host]`.
    pub limits: StatedLimits,
}

/// The limits in a manifest's table `[component.<id>.tool.embedded-host]`. Spin has no such limits, and ignores the
/// table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedLimits {
    /// The number of requests that an instance answers before it is dropped.
    pub requests_per_instance: Option<u32>,
    /// The linear memory of an instance, in bytes.
    pub memory_bytes: Option<usize>,
    /// The time of a request in the guest, in seconds.
    pub deadline_seconds: Option<u64>,
    /// The computing time of a request in the guest, without waiting, in seconds.
    pub computing_seconds: Option<u64>,
    /// The largest request body, in bytes.
    pub request_body_bytes: Option<usize>,
}

/// Whether a name is valid for a variable in Spin: lower-case words of letters and digits, each beginning with a
/// letter, joined by `_`.
pub(crate) fn is_variable_name(name: &str) -> bool {
    name.split('_').all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}
