//! The embedded host, with a guest that misbehaves on purpose (`../guest/guest.wat`).
//!
//!     cargo test -p spin-host --test host

mod application;
mod clients;
mod code;
#[path = "../guest/mod.rs"]
mod guest;
mod guests;
mod hostile;
mod instances;
mod outbound;
mod servers;
