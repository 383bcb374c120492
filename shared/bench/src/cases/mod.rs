//! What a bench's figures are figures of: the cases of the matrix, as a bench tells them to whoever renders it.
//!
//! Criterion writes one figure a directory and knows nothing of engines, versions and sizes. So each bench writes
//! beside Criterion's directories, as `cases-<bench>.json`, a [`Report`]: every case it measured with the directories
//! that hold its figures, and every case it left out with the reason.
//!
//! A case stands in a [`Row`] and a [`Column`]; those two lists are what the matrix is made of:
//!
//! | row | what one unit of its work is |
//! | --- | --- |
//! | `Hello World` | the line, written to the sink by one `write`, by something that is loaded already |
//! | `HTML Parser` | a page's bytes to its total and its 30 daily downloads |
//! | `Process start` | a process of its own, from its start to its end, that says the line once |
//! | `Call` | a call that does nothing, across one border or another |
//!
//! | column | who does the work |
//! | --- | --- |
//! | `Native C` | a library in C, called from Ruby |
//! | `Ruby` | Ruby code in CRuby |
//! | `Rust` | native code, compiled from Rust |
//! | `Wat2wasm` | a module written by hand in Wat |
//! | `Wasm (Rust)` | a module compiled from Rust |
//! | `Ruby in Wasm` | Ruby code in CRuby, compiled to WebAssembly |
//! | `Wasm from Ruby` | a module that the gem runs in CRuby's process |
//! | `Rust from Ruby` | native code, compiled from Rust, called from Ruby by the gem |
//! | `Floor` | less than the work: what it can't be done below |
//! | `Shortcut` | a shortcut, not a parser |
//!
//! And a case has a [`Model`]: only cases of one model are compared.
//!
//! | model | what one unit of its work runs in |
//! | --- | --- |
//! | `call` | what is loaded and warm already: an instance, or a virtual machine |
//! | `start` | a fresh instance, which can do it once |
//! | `process` | a process of its own |

mod recorder;
mod report;
mod round;
mod versions;

pub use recorder::Recorder;
pub use report::{Case, Column, Error, Model, Report, Row, Ruby, Skipped, Step, directory, estimates};
pub use round::{ROUND, is_first_round};
pub use versions::locked;
