//! The shared parts of the benches.
//!
//! | module | content |
//! | --- | --- |
//! | [`cases`] | the benchmark cases, and the report that a bench writes about them |
//! | `engines` (feature `engines`) | the engines and compilers that the benches compare |
//! | [`exact`] | figures that don't depend on the hour: instructions, bytes, pages |
//! | [`ruby_vm`] | Ruby in a separate process (feature `ruby`) |
//! | [`matrix`] | records of the figures, and the tables, plots and verdicts made from them |

pub mod cases;
#[cfg(feature = "engines")]
pub mod engines;
pub mod exact;
pub mod matrix;
pub mod ruby_vm;
