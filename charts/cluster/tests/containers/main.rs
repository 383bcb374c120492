//! Runs the images as the chart does: each container with the chart's user, arguments, environment and read-only root,
//! and with the names of the chart's Services.

#[path = "../../../../ex3-stats-tracker/images/tests/images/built.rs"]
#[allow(dead_code, reason = "the tests of the images use all of it")]
mod built;
mod chart;
mod network;
mod pod;
