//! Records of the benches' figures, and what is made from them: tables, plots and verdicts.
//!
//! `cargo xtask bench` runs the benches and writes one [`Record`] a run: every estimate with its confidence interval,
//! and everything that the figures depend on. No record is ever changed. `cargo xtask matrix` reads one and renders it,
//! so that no figure in a README was ever typed.
//!
//! The way of a figure, and where to read on:
//!
//! | step | module |
//! | --- | --- |
//! | Criterion's files and the benches' reports become a record | [`collect`] |
//! | several rounds of a bench become one | [`rounds`] |
//! | the record, written once and checked when it is read | [`record`] |
//! | what its cases are, in older ones | `model` |
//! | what machine it was | [`machine`] |
//! | a figure of a case, or why there is none | [`figure`] |
//! | tables | [`table`] |
//! | plots | [`plot`] |
//! | questions, and the cases that answer them | [`questions`] |
//! | their answers | [`hypothesis`] |
//! | parts of READMEs and slides, by name | [`part`] |
//! | what the talk's slides draw | [`talk`] |
//! | what could make the figures unfair | [`bias`] |
//! | two records side by side | [`compare`] |
//! | how certain a ratio is | [`Interval::ratio`] |

pub mod bias;
pub mod collect;
pub mod compare;
pub mod figure;
#[cfg(test)]
mod fixture;
pub mod hypothesis;
mod interval;
pub mod json;
pub mod machine;
mod markdown;
mod model;
pub mod number;
pub mod part;
pub mod plot;
pub mod questions;
pub mod record;
pub mod rounds;
pub mod table;
pub mod talk;

pub use interval::Interval;
pub use record::Record;

/// Two runs of one machine differ by so much although nothing has changed: a part of the figure. Nothing closer
/// together than that is called faster or slower, however narrow the intervals of one run are.
pub const RUN_TO_RUN: f64 = 0.05;
