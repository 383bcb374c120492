//! The benches: what they measure, where it is written, and what is made from it.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`cases`] | what a bench tells of each case that it measures |
//! | `engines` (feature `engines`) | the engines and compilers that the benches compare |
//! | [`ruby_vm`] | Ruby in a process of the benches' own (with the feature `ruby`) |
//! | [`matrix`] | records of the figures, and the tables, plots and verdicts made from them |

pub mod cases;
#[cfg(feature = "engines")]
pub mod engines;
pub mod matrix;
pub mod ruby_vm;
