//! The embedded host in a process of its own: environment, memory, and output. The guest is the one of the host's own
//! tests, which misbehaves on purpose (`../../host/tests/guest/guest.wat`).
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
