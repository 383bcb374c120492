//! The Spin component: fetches GitHub's pages, extracts their counts, stores nothing.
//!
//! [`service::respond`] turns a request into an answer. It is a plain library: what it needs of the world outside, one
//! GET, is [`fetch::Fetch`], which the component implements over `wasi:http` and the tests over memory.
//! The endpoints and their JSON are written down in `../openapi.yaml`.
//!
//! What to read, in order: `route` (what may be asked) → `address` (where it stands) → `list`
//! (page by page, whole or a problem) → `github` (redirects, refusals) → `page` (a body into
//! the parser, bounded) → `service` (the two ends joined) → `component` (the same under Spin).

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
