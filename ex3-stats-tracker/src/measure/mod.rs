//! One pass over an organisation's packages, through the component.
//!
//! | file | concept |
//! | --- | --- |
//! | `tracker` | the component in its host, and the stand-in where one is asked for |
//! | `spin` | the component in a Spin that its user has installed |
//! | `component` | the component's answers, as a client sees them |
//! | `pass` | which package is asked for when, and when again: the manners |
//! | `collection` | what came of it, and its JSON |
//! | `progress` | the bar on a terminal |
//! | `table`, `sparkline`, `printable` | the collection for people |

pub mod collection;
pub mod component;
pub mod pass;
pub mod printable;
pub mod progress;
pub mod sparkline;
pub mod spin;
pub mod table;
pub mod tracker;

pub use collection::{Collection, Earlier, Failure, MeasuredPackage, Numbers, Source};
pub use component::{Component, HttpComponent, Kind, List, Owner, Problem};
pub use pass::{Manners, Observer, Outcome, collect};
pub use tracker::Tracker;
