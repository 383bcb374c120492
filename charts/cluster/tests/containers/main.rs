//! The images run as the chart runs them: unpacked, each container with the chart's user, arguments, environment and
//! read-only root, found by the chart's own names.

#[path = "../../../../ex3-stats-tracker/images/tests/images/built.rs"]
#[allow(dead_code, reason = "the tests of the images use all of it")]
mod built;
mod chart;
mod network;
mod pod;
