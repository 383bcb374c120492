//! Test pages that look like GitHub's, generated: what the parser, the stand-in and the tracker are tested with.
//!
//! Every page is built around the few anchors that GitHub's own pages have kept for years (a label's text, an
//! `aria-label`, `data-` attributes, the shape of an address). Everything else is believable filling written for this
//! project: no byte of it was taken from GitHub. Nothing is read from a clock or a random source, so the same value
//! renders to the same bytes on every machine.
//!
//! ```
//! let page = github::pages::PackagePage { total: 1_318, ..Default::default() }.render();
//! assert!(page.contains(r#"<h3 title="1318">1.32K</h3>"#));
//! ```

pub mod address;
mod counts;
mod escape;
mod filler;
mod package_list_page;
mod package_page;
mod pagination;
mod refusal;
mod version_list_page;
mod version_page;

pub use counts::rounded;
pub use filler::NOTICE;
pub use package_list_page::{ListChange, ListedPackage, OtherEcosystem, PackageListPage, ROWS_A_PAGE};
pub use package_page::{BARS, Change, Classes, PackagePage, daily};
pub use refusal::{RateLimit, login, not_found, rate_limit, server_error};
pub use version_list_page::{ListedVersion, VersionListPage};
pub use version_page::version_page;

/// How many bytes a real package page has: the captured one of 2026-05-10 has 236,971.
pub const REAL_PACKAGE_PAGE_BYTES: usize = 237_000;
