//! The tracker on one machine: the Spin component in an embedded host.
//!
//! - [`manifest`] reads `spin.toml`: routes, variables, the hosts a component may reach.
//! - [`host`] runs the component behind those routes, as `spin up` would.
//! - [`measure`] makes one pass over an organisation's packages through that host.
//! - [`dashboard`] runs the Rails application that remembers and shows.
//! - [`cli`] is the command line.

pub mod cli;
pub mod dashboard;
pub mod host;
pub mod manifest;
pub mod measure;
