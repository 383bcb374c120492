//! Benchmark cases, and the report of a bench about its cases.
//!
//! Criterion writes one directory for each figure, without engines, versions and sizes. So each bench also writes a
//! [`Report`], as `cases-<bench>.json` beside Criterion's directories: every measured case with the directories of its
//! figures, and every skipped case with the reason.
//!
//! A case belongs to a [`Row`] and a [`Column`] of the matrix:
//!
//! | row | one unit of its work |
//! | --- | --- |
//! | `Hello World` | the line, written to the sink by one `write`, by loaded code |
//! | `HTML Parser` | from a page's bytes to its total and its 30 daily downloads |
//! | `Process start` | a new process that prints the line once, from its start to its end |
//! | `Call` | an empty call, within one language or between two |
//!
//! | column | implementation |
//! | --- | --- |
//! | `Native C` | a library in C, called from Ruby |
//! | `Ruby` | Ruby code in CRuby |
//! | `Rust` | native code, compiled from Rust |
//! | `Wat2wasm` | a module written by hand in Wat |
//! | `Wasm (Rust)` | a module compiled from Rust |
//! | `Ruby in Wasm` | Ruby code in CRuby, compiled to WebAssembly |
//! | `Wasm from Ruby` | a module that the gem runs in CRuby's process |
//! | `Rust from Ruby` | native code, compiled from Rust, called from Ruby by the gem |
//! | `Floor` | a part of the work: a lower bound of its time |
//! | `Shortcut` | a shortcut, not a parser |
//!
//! A case also has a [`Model`]. Only cases of one model are compared.
//!
//! | model | where one unit of its work runs |
//! | --- | --- |
//! | `call` | in a loaded and warm instance, virtual machine or process |
//! | `start` | in a fresh instance, which runs once |
//! | `process` | in a new process |

mod recorder;
mod report;
mod round;
mod versions;

pub use recorder::Recorder;
pub use report::{Case, Column, Error, Model, Report, Row, Ruby, Skipped, Step, directory, estimates};
pub use round::{ROUND, is_first_round};
pub use versions::locked;
