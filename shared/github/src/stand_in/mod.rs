//! A GitHub stand-in: a small server on this machine that answers at GitHub's addresses with generated pages, and
//! with every failure on demand.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use github::stand_in::{Fault, Options, StandIn};
//!
//! let github = StandIn::start("127.0.0.1:0".parse()?, Options::default()).await?;
//! github.set_fault("source-controller", Fault::RateLimited { retry_after: Some(2) }, Some(1));
//! github.set_clock("2026-05-10T12:00:00Z".parse()?);
//! // … let something measure github.base_url() …
//! assert_eq!(github.log().maximum_concurrency, 1);
//! github.stop().await;
//! # Ok(()) }
//! ```
//!
//! Who is there:
//!
//! | owner | what it shows |
//! | --- | --- |
//! | [`Options::organisation`], `fluxcd` by default | `fluxcd` has Flux's packages and repositories; another name, three invented packages |
//! | `stand-in-many` | an organisation of 75 packages, so of three pages, with another ecosystem's package between |
//! | `stand-in-thousand` | an organisation of 1 000 packages, to measure collections with |
//! | `stand-in-empty` | an organisation without packages |
//! | `stand-in-user` | a user: 404 at the organisation's address |
//!
//! Names are Flux's, figures are not: they are computed from the name and the clock ([`Package::total`]), and every
//! page and answer says that it does not come from GitHub.
//!
//! | module | concept |
//! | --- | --- |
//! | [`organisation`] | who has which packages |
//! | [`counts`] | how counts grow |
//! | [`clock`] | the time, which can be set |
//! | [`fault`] | what can go wrong, on demand |
//! | [`log`] | which requests came, and how many at once |
//! | [`server`] | the addresses |
//! | [`control`] | clock, faults and log over HTTP |

mod answer;
pub mod clock;
pub mod control;
pub mod counts;
pub mod fault;
pub mod log;
pub mod organisation;
pub mod server;
mod state;

pub use answer::{HEADER, HEADER_VALUE};
pub use clock::Clock;
pub use fault::Fault;
pub use log::{Log, LoggedRequest};
pub use organisation::{Organisation, Package};
pub use server::{Error, StandIn};
pub use state::Options;
