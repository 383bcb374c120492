//! The tracker on one machine: the Spin component in an embedded host, the crate `spin_host`.
//!
//! - [`measure`] makes one pass over an organisation's packages through that host.
//! - [`dashboard`] runs the Rails application that stores and shows the figures.
//! - [`cli`] is the command line.
//!
//! A container needs only the host and the compiled component: without the feature `tracker` there is neither measuring
//! nor a dashboard, and without `compiler` no compiler.

#[cfg(feature = "tracker")]
mod backoff;
pub mod cli;
#[cfg(feature = "tracker")]
pub mod dashboard;
#[cfg(feature = "tracker")]
mod loopback;
#[cfg(feature = "tracker")]
pub mod measure;
