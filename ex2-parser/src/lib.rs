//! The download counts on a package page of ghcr.io, from bytes, in Rust.
//!
//! Bytes go in, counts or a typed [`Error`] come out. There is no I/O. The lesson, `examples/total.rs`, shows the idea
//! in 50 lines. This library makes it fit for every page that can come. Two engines give one answer:
//!
//! - [`dom`] (feature `dom`) builds html5ever's whole tree and walks it. It is the simple engine, and the oracle for
//!   the other one.
//! - [`stream`] (feature `stream`) is the advanced engine: a tokenizer written for this project, with one pass, no tree
//!   and bounded memory. It takes a page in chunks of any size.
//!
//! Both turn a page into the same events (an element opens, text, an element closes) and pass them to the same
//! extractor. So all that is known about GitHub's markup stands in one place, the private module `extract`.
//!
//! ```
//! # #[cfg(feature = "stream")] {
//! let page = br#"<span>Total downloads</span> <h3 title="14360">14.4K</h3>"#;
//! assert_eq!(ex2_parser::stream::package(page)?.total, 14_360);
//! # }
//! # Ok::<(), ex2_parser::Error>(())
//! ```

#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

#[cfg(feature = "cli")]
pub mod cli;
mod date;
#[cfg_attr(not(any(feature = "dom", feature = "stream")), allow(dead_code))]
mod encoding;
mod error;
#[cfg_attr(not(any(feature = "dom", feature = "stream")), allow(dead_code))]
mod extract;
mod json;
mod limits;
mod package;
mod package_list;
#[cfg_attr(not(any(feature = "dom", feature = "stream")), allow(dead_code))]
mod tag;
mod version_list;
#[cfg_attr(not(any(feature = "dom", feature = "stream")), allow(dead_code))]
mod work;

#[cfg(feature = "differential")]
#[doc(hidden)]
pub mod differential;
#[cfg(feature = "dom")]
pub mod dom;
#[cfg(feature = "stream")]
pub mod stream;
#[cfg(feature = "wasm")]
pub mod wasm;

pub use date::Date;
pub use error::{Change, Error};
pub use json::Json;
pub use limits::MAX_PAGE_BYTES;
pub use package::{DailyDownloads, Package};
pub use package_list::{ListedPackage, PackageList};
pub use version_list::{Version, VersionList};
