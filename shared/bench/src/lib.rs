//! The shared parts of the benches.
//!
//! | module | content |
//! | --- | --- |
//! | [`cases`] | the benchmark cases, and the report that a bench writes about them |
//! | `engines` (feature `engines`) | the engines and compilers that the benches compare |
//! | [`density`] | the record of how much memory instances and processes hold |
//! | [`exact`] | figures that don't depend on the hour: instructions, bytes, pages |
//! | [`ruby_vm`] | Ruby in a separate process (feature `ruby`) |
//! | [`matrix`] | records of the figures, and the tables, plots and verdicts made from them |

pub mod cases;
pub mod density;
#[cfg(feature = "engines")]
pub mod engines;
pub mod exact;
mod json_file;
pub mod matrix;
pub mod ruby_vm;
