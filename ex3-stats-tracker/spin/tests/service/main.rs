//! Tests of the service with a fake GitHub in memory.
//!
//!     cargo test -p stats-tracker-spin --test service

mod endpoints;
mod failures;
mod fake;
mod lists;
