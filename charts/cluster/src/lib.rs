//! Kubernetes for the tests: its tools at pinned versions, a real API server, and a node.
//!
//! [`Tool`]s and [custom resources](custom_resources) come from Go's module proxy, are built once and cached. An
//! [`ApiServer`] is Kubernetes' own, with etcd and the controllers beside it, in a directory of its own on the loopback
//! address: what it accepts, every cluster of that version accepts. A [`Node`] runs what it accepts, with Kubernetes' own
//! kubelet on Debian's containerd, in [namespaces] of its own.
//!
//! ```sh
//! cargo run -p cluster -- helm lint --strict charts/stats-tracker     a tool, built first where it is not there
//! cargo run -p cluster -- --serve                                     an API server, until Ctrl-C
//! cargo run -p cluster -- --build                                     everything that the tests need
//! ```

mod api_server;
mod certificates;
mod command;
pub mod custom_resources;
mod error;
mod files;
mod go;
mod keeping;
mod names;
pub mod namespaces;
mod node;
mod program;
mod tool;

pub use api_server::ApiServer;
pub use error::Error;
pub use namespaces::NODE_ADDRESS;
pub use node::{NAME as NODE, Node};
pub use tool::Tool;
