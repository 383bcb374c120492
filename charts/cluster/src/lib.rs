//! Kubernetes for the tests: its tools at pinned versions, a real API server, and a node.
//!
//! [`Tool`]s and [custom resources](custom_resources) come from Go's module proxy, and are built once and cached. An
//! [`ApiServer`] is Kubernetes' own, with etcd and the controllers, in a temporary directory and on the loopback
//! address. It accepts the same objects as any cluster of its version. A [`Node`] runs pods with Kubernetes' own
//! kubelet on Debian's containerd, in Linux [namespaces]. [`Flux`]' own controllers, [`Keda`]'s operator and a
//! [`Registry`] run beside them.
//!
//! ```sh
//! cargo run -p cluster -- helm lint --strict charts/stats-tracker     a tool, built first if it is missing
//! cargo run -p cluster -- --serve                                     an API server, until Ctrl-C
//! cargo run -p cluster -- --build                                     the tools of `cargo xtask test`
//! ```

mod api_server;
pub mod cached;
mod certificates;
mod command;
pub mod cosign;
pub mod custom_resources;
mod error;
mod files;
mod flux;
mod go;
mod keda;
mod names;
pub mod namespaces;
mod node;
mod program;
mod registry;
mod tool;

pub use api_server::ApiServer;
pub use error::Error;
pub use flux::Flux;
pub use keda::Keda;
pub use namespaces::NODE_ADDRESS;
pub use node::{NAME as NODE, Node};
pub use registry::Registry;
pub use tool::Tool;
