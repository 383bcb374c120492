//! The Spin component: fetches GitHub's pages, extracts their counts, stores nothing.
//!
//! [`service::respond`] turns a request into a response. It is a plain library: its only access to the network is the
//! trait [`fetch::Fetch`], which the component implements by `wasi:http` and the tests in memory.
//! `../openapi.yaml` describes the endpoints and their JSON.
//!
//! What to read, in order: `route` (the endpoints) → `address` (GitHub's URLs) → `list` (lists of several pages) →
//! `github` (redirects, refusals) → `page` (a bounded body into the parser) → `service` (from request to response) →
//! `component` (the service under Spin).

pub mod address;
pub mod answer;
pub mod fetch;
pub mod github;
pub mod list;
pub mod name;
pub mod page;
pub mod problem;
pub mod route;
pub mod service;
pub mod settings;

#[cfg(target_arch = "wasm32")]
mod component;
