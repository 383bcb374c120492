//! A GitHub stand-in: a small server on this machine that answers GitHub's paths with generated pages, and simulates
//! failures on demand.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use github::stand_in::{Fault, Options, StandIn};
//!
//! let github = StandIn::start("127.0.0.1:0".parse()?, Options::default()).await?;
//! github.set_fault("source-controller", Fault::RateLimited { retry_after: Some(2) }, Some(1));
//! github.set_clock("2026-05-10T12:00:00Z".parse()?);
//! // … collect from github.base_url() …
//! assert_eq!(github.log().maximum_concurrency, 1);
//! github.stop().await;
//! # Ok(()) }
//! ```
//!
//! The owners:
//!
//! | owner | content |
//! | --- | --- |
//! | [`Options::organisation`], `fluxcd` by default | `fluxcd` has Flux's packages and repositories, one of which is renamed; another name has three invented packages |
//! | `stand-in-many` | an organisation with 75 packages on three pages, and a package of another ecosystem |
//! | `stand-in-thousand` | an organisation with 1 000 packages, for long collections |
//! | `stand-in-empty` | an organisation without packages |
//! | `stand-in-user` | a user: 404 at an organisation's path |
//!
//! The names are Flux's. The figures are computed from the name and the clock ([`Package::total`]). Each page and each
//! answer states that it does not come from GitHub.
//!
//! | module | content |
//! | --- | --- |
//! | [`organisation`] | the owners and their packages |
//! | [`counts`] | the counts of a package at a time |
//! | [`releases`] | its versions, and how fast people move from one to the next |
//! | [`clock`] | the time, which can be set |
//! | [`fault`] | simulated failures |
//! | [`log`] | the requests, and how many were active at the same time |
//! | [`server`] | the server and its paths |
//! | [`control`] | clock, faults and log over HTTP |

mod answer;
pub mod clock;
pub mod control;
pub mod counts;
pub mod fault;
pub mod log;
pub mod organisation;
pub mod releases;
pub mod server;
mod state;

pub use answer::{HEADER, HEADER_VALUE};
pub use clock::Clock;
pub use fault::Fault;
pub use log::{Log, LoggedRequest};
pub use organisation::{Organisation, Package};
pub use server::{Error, StandIn};
pub use state::Options;
