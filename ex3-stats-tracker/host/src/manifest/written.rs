//! The structure of the file. Unknown keys are errors, because a misspelt limit must not be ignored.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) spin_manifest_version: i64,
    pub(super) application: Application,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) trigger: Triggers,
    #[serde(default)]
    pub(super) component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "some fields are only known so that other keys are errors")]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) authors: Option<Vec<String>>,
    pub(super) targets: Option<toml::Value>,
    pub(super) trigger: Option<toml::Table>,
    pub(super) tool: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "some fields are only known so that other keys are errors")]
pub(super) struct Variable {
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) secret: Option<bool>,
    pub(super) description: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Triggers {
    #[serde(default)]
    pub(super) http: Vec<HttpTrigger>,
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "some fields are only known so that other keys are errors")]
pub(super) struct HttpTrigger {
    pub(super) id: Option<String>,
    pub(super) route: Route,
    pub(super) component: String,
    pub(super) executor: Option<Executor>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`route` must be a path, or { private = true }")]
pub(super) enum Route {
    Public(String),
    Private { private: bool },
}

#[derive(Deserialize)]
pub(super) struct Executor {
    pub(super) r#type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "some fields are only known so that other keys are errors")]
pub(super) struct Component {
    pub(super) source: toml::Value,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) allowed_outbound_hosts: Vec<String>,
    pub(super) build: Option<toml::Table>,
    #[serde(default)]
    pub(super) tool: BTreeMap<String, toml::Table>,
    pub(super) targets: Option<toml::Value>,
    pub(super) exclude_files: Option<Vec<String>>,
    pub(super) dependencies_inherit_configuration: Option<bool>,
    pub(super) files: Option<toml::Value>,
    pub(super) allowed_http_hosts: Option<toml::Value>,
    pub(super) key_value_stores: Option<toml::Value>,
    pub(super) sqlite_databases: Option<toml::Value>,
    pub(super) ai_models: Option<toml::Value>,
    pub(super) dependencies: Option<toml::Value>,
}
