//! One pass over an organisation's packages, through the component.
//!
//! | file | concept |
//! | --- | --- |
//! | `tracker` | starts the component in its host, and the stand-in if it is requested |
//! | `spin` | runs the component in the user's own Spin |
//! | `component` | a client of the component |
//! | `pass` | the order of requests, their rate, and retries |
//! | `collection` | the result of a pass, and its JSON |
//! | `progress` | the progress bar |
//! | `table`, `sparkline` | formats a collection for people |

pub mod collection;
pub mod component;
pub mod pass;
pub mod progress;
pub mod sparkline;
pub mod spin;
pub mod table;
pub mod tracker;

pub use collection::{Collection, Earlier, Failure, MeasuredPackage, Numbers, Source};
pub use component::{Component, HttpComponent, Kind, List, Owner, Problem};
pub use pass::{Manners, Observer, Outcome, collect};
pub use tracker::Tracker;
