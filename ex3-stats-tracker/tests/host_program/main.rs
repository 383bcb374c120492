//! The embedded host as a process of its own: its environment, its memory, and what it prints. The guest is the one that
//! the host's own tests have, which misbehaves on purpose (`../../host/tests/guest/guest.wat`).
//!
//!     cargo test -p ex3-stats-tracker --test host_program

#[path = "../../host/tests/host/application.rs"]
#[allow(dead_code, reason = "the host's own tests use all of it")]
mod application;
mod code;
#[path = "../../host/tests/guest/mod.rs"]
mod guest;
mod hostile;
mod network;
mod process;
#[path = "../../host/tests/host/servers.rs"]
#[allow(dead_code, reason = "the host's own tests use all of it")]
mod servers;
