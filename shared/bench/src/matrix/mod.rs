//! Records of the benches' figures, and the tables, plots and verdicts made from them.
//!
//! `cargo xtask bench` runs the benches and writes one [`Record`] for each run: every estimate with its confidence
//! interval, all conditions that the figures depend on, and the [exact figures](crate::exact) of the commit. A record is
//! never changed. `cargo xtask matrix` reads a record and renders it, so that no figure in a README is typed by hand.
//!
//! The way of a figure:
//!
//! | step | module |
//! | --- | --- |
//! | Criterion's files and the benches' reports become a part of a record | [`collect`] |
//! | several rounds of a bench become one | [`rounds`] |
//! | the record: written once, checked when it is read | [`record`] |
//! | the model of a case in older records | `model` |
//! | the machine | [`machine`] |
//! | a figure of a case, or why it is missing | [`figure`] |
//! | tables | [`table`] |
//! | plots | [`plot`] |
//! | what all plots have in common | `frame` |
//! | questions, and the cases that answer them | [`questions`] |
//! | their answers | [`hypothesis`] |
//! | parts of READMEs and slides, by name | [`part`] |
//! | what the talk's slides draw | [`talk`] |
//! | the bias of the figures | [`bias`] |
//! | two records compared | [`compare`] |
//! | all records in order | [`trend`] |
//! | the plot of all records | [`lines`] |
//! | the confidence interval of a ratio | [`Interval::ratio`] |

pub mod bias;
pub mod collect;
pub mod compare;
pub mod figure;
#[cfg(test)]
mod fixture;
pub mod frame;
pub mod hypothesis;
mod interval;
pub mod json;
pub mod lines;
pub mod machine;
pub(crate) mod markdown;
mod model;
pub mod number;
pub mod part;
pub mod plot;
pub mod questions;
pub mod record;
pub mod rounds;
pub mod table;
pub mod talk;
pub mod trend;

pub use interval::Interval;
pub use record::Record;

/// The relative difference between two runs of the same code on one machine. Two figures with a smaller difference are
/// not called faster or slower, even if the intervals of one run are narrower.
pub const RUN_TO_RUN: f64 = 0.05;
