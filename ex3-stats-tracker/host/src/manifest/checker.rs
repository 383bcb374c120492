//! Validates the parsed file. A key that the host does not support is an error.

use std::collections::BTreeMap;
use std::path::Path;

use super::content::{Component, Manifest, Route, StatedLimits, Variable, is_variable_name};
use super::error::Error;
use super::template::Template;
use super::written;

/// The name of this host's table: `[component.<id>.tool.embedded-host]`. Spin ignores the tables of tools.
const TOOL: &str = "embedded-host";

pub(super) struct Checker<'a> {
    pub(super) path: &'a Path,
    pub(super) directory: &'a Path,
}

impl Checker<'_> {
    pub(super) fn manifest(&self, written: written::Manifest) -> Result<Manifest, Error> {
        if written.spin_manifest_version != 2 {
            let problem = format!(
                "is {}, but only version 2 is supported; migrate the file",
                written.spin_manifest_version
            );
            return Err(self.key("spin_manifest_version", problem));
        }
        let mut variables = BTreeMap::new();
        for (name, variable) in written.variables {
            variables.insert(name.clone(), self.variable(&name, variable)?);
        }
        let mut components = BTreeMap::new();
        for (id, component) in written.component {
            let component = self.component(&id, component, &variables)?;
            components.insert(id, component);
        }
        let routes = self.routes(written.trigger, &components)?;
        Ok(Manifest {
            path: self.path.to_owned(),
            name: written.application.name,
            version: written.application.version,
            variables,
            routes,
            components,
        })
    }

    fn variable(&self, name: &str, written: written::Variable) -> Result<Variable, Error> {
        let key = format!("variables.{name}");
        if !is_variable_name(name) {
            return Err(self.key(&key, "a name is lower-case words joined by `_`; rename it".to_owned()));
        }
        match (written.default, written.required) {
            (Some(_), true) => Err(self.key(&key, "is required and has a default; remove one of the two".to_owned())),
            (None, false) => Err(self.key(&key, "has no `default`; add one, or `required = true`".to_owned())),
            (default, _) => Ok(Variable { default }),
        }
    }

    fn component(
        &self,
        id: &str,
        written: written::Component,
        variables: &BTreeMap<String, Variable>,
    ) -> Result<Component, Error> {
        let key = format!("component.{id}");
        if !is_component_id(id) {
            return Err(self.key(
                &key,
                "an id is words of letters and digits joined by `-`; rename it".to_owned(),
            ));
        }
        let unsupported = [
            ("files", written.files.is_some()),
            ("allowed_http_hosts", written.allowed_http_hosts.is_some()),
            ("key_value_stores", written.key_value_stores.is_some()),
            ("sqlite_databases", written.sqlite_databases.is_some()),
            ("ai_models", written.ai_models.is_some()),
            ("dependencies", written.dependencies.is_some()),
        ];
        if let Some((name, _)) = unsupported.iter().find(|(_, written)| *written) {
            return Err(Error::Unsupported {
                path: self.path.to_owned(),
                key: format!("{key}.{name}"),
            });
        }
        let source = match written.source {
            toml::Value::String(source) => self.directory.join(source),
            _ => {
                let problem = "must be a file's path; build or download the module and write its path".to_owned();
                return Err(self.key(&format!("{key}.source"), problem));
            }
        };
        let template = |key: String, text: &str| {
            let template = Template::parse(text)
                .map_err(|_| self.key(&key, format!("`{text}` has a `{{{{` without its `}}}}`; close it")))?;
            let unknown = template
                .variables()
                .find(|name| !variables.contains_key(*name))
                .map(str::to_owned);
            match unknown {
                Some(variable) => Err(Error::UnknownVariable {
                    path: self.path.to_owned(),
                    key,
                    variable,
                }),
                None => Ok(template),
            }
        };
        let allowed_outbound_hosts = written
            .allowed_outbound_hosts
            .iter()
            .map(|host| template(format!("{key}.allowed_outbound_hosts"), host))
            .collect::<Result<_, _>>()?;
        let mut component_variables = BTreeMap::new();
        for (name, value) in &written.variables {
            let key = format!("{key}.variables.{name}");
            if !is_variable_name(name) {
                return Err(self.key(&key, "a name is lower-case words joined by `_`; rename it".to_owned()));
            }
            component_variables.insert(name.clone(), template(key, value)?);
        }
        let limits = match written.tool.into_iter().find(|(name, _)| name == TOOL) {
            Some((_, table)) => self.limits(&format!("{key}.tool.{TOOL}"), table)?,
            None => StatedLimits::default(),
        };
        Ok(Component {
            source,
            allowed_outbound_hosts,
            variables: component_variables,
            environment: written.environment,
            limits,
        })
    }

    fn limits(&self, key: &str, table: toml::Table) -> Result<StatedLimits, Error> {
        let limits: StatedLimits = table.try_into().map_err(|error: toml::de::Error| {
            self.key(
                key,
                format!("{}; correct it there", error.message().replace('\n', ", ")),
            )
        })?;
        let seconds = [limits.deadline_seconds, limits.computing_seconds];
        let none = limits.memory_bytes == Some(0) || limits.requests_per_instance == Some(0);
        if none || seconds.contains(&Some(0)) {
            return Err(self.key(key, "a limit of 0 stops every request; give a larger one".to_owned()));
        }
        Ok(limits)
    }

    fn routes(
        &self,
        trigger: written::Triggers,
        components: &BTreeMap<String, Component>,
    ) -> Result<Vec<Route>, Error> {
        if let Some(kind) = trigger.other.keys().next() {
            return Err(Error::Unsupported {
                path: self.path.to_owned(),
                key: format!("trigger.{kind}"),
            });
        }
        let mut routes = Vec::<Route>::new();
        for http in trigger.http {
            let key = "trigger.http.route";
            if http.executor.is_some_and(|executor| executor.r#type != "http") {
                let key = "trigger.http.executor".to_owned();
                return Err(Error::Unsupported {
                    path: self.path.to_owned(),
                    key,
                });
            }
            let pattern = match http.route {
                written::Route::Public(pattern) => pattern,
                written::Route::Private { private: true } => continue,
                written::Route::Private { private: false } => {
                    return Err(self.key(
                        key,
                        "`private = false` has no meaning; write the path instead".to_owned(),
                    ));
                }
            };
            if !components.contains_key(&http.component) {
                let known = components.keys().cloned().collect::<Vec<_>>().join(", ");
                let problem = format!(
                    "`{pattern}` names the component `{}`, but there is none with this id; known: {known}",
                    http.component
                );
                return Err(self.key("trigger.http.component", problem));
            }
            if let Some(problem) = problem_of_route(&pattern) {
                return Err(self.key(key, format!("`{pattern}` {problem}")));
            }
            if routes.iter().any(|route| route.pattern == pattern) {
                return Err(self.key(key, format!("`{pattern}` occurs twice; remove one")));
            }
            routes.push(Route {
                pattern,
                component: http.component,
            });
        }
        if routes.is_empty() {
            let problem = "there is no public route; add [[trigger.http]] with `route` and `component`".to_owned();
            return Err(self.key("trigger.http", problem));
        }
        Ok(routes)
    }

    fn key(&self, key: &str, problem: String) -> Error {
        Error::Key {
            path: self.path.to_owned(),
            key: key.to_owned(),
            problem,
        }
    }
}

fn problem_of_route(pattern: &str) -> Option<&'static str> {
    let Some(path) = pattern.strip_prefix('/') else {
        return Some("does not begin with `/`; write the path from the root");
    };
    let segments: Vec<_> = path.split('/').collect();
    let (last, before) = segments
        .split_last()
        .expect("splitting a string yields at least one part");
    if before.contains(&"...") {
        return Some("has `...` before its end; only the last segment may be a wildcard");
    }
    if before.iter().chain([last]).any(|segment| *segment == ":") {
        return Some("has a `:` without a name; name the segment, as in `/:name`");
    }
    None
}

/// Whether an id is valid for a component in Spin: words of letters and digits, each beginning with a letter, joined by
/// `-`.
fn is_component_id(id: &str) -> bool {
    id.split('-').all(|word| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}
