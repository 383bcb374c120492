//! Figures that don't depend on the hour: counts of instructions, bytes and pages, which are equal on a busy machine and
//! on an idle one.
//!
//! A test counts them and compares them with a file beside its crate, `exact-figures.json`. README tables are made from
//! that file, and `cargo xtask bench` copies it into its record. A count that changed by more than one percent fails the
//! test until the file is renewed, so that no change makes a guest slower unseen.

#[cfg(feature = "counts")]
mod compiled;
mod figures;
#[cfg(feature = "counts")]
mod guest;
pub mod native;

#[cfg(feature = "counts")]
pub use compiled::{code, compiled_bytes};
pub(crate) use figures::Column;
pub use figures::{Counts, Error, ExactFigures, FILE, UPDATE, sha256};
#[cfg(feature = "counts")]
pub use guest::Guest;
