//! The chart's SQL and its connections on real servers: the bundled database starts as its pod does, `database.sql` runs as
//! the administrator of a managed PostgreSQL, and a server's certificate is verified.
//!
//!     cargo test -p cluster --test database

mod bundled;
mod certificate;
#[path = "../common/mod.rs"]
mod common;
mod managed;
mod server;

use cluster::Tool;
use serde_json::Value;

/// The objects of the chart, with the passwords of this rendering.
fn rendered(arguments: &[&str]) -> Vec<Value> {
    let mut helm = Tool::Helm.command().unwrap_or_else(|error| panic!("{error}"));
    helm.args(["template", "tracker"]).arg(common::chart()).args(arguments);
    serde_saphyr::from_multiple(&common::stdout(&mut helm)).unwrap()
}

/// The object of a kind and a component.
fn object<'a>(objects: &'a [Value], kind: &str, component: &str) -> &'a Value {
    objects
        .iter()
        .find(|object| {
            object["kind"] == kind && object["metadata"]["labels"]["app.kubernetes.io/component"] == component
        })
        .unwrap_or_else(|| panic!("the chart has no {kind} of the {component}"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
