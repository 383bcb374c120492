//! Generated test pages that look like GitHub's, for the tests of the parser, the stand-in and the tracker.
//!
//! Each page has the few stable parts of GitHub's markup: a label's text, an `aria-label`, `data-` attributes, the form
//! of URLs. The rest is plausible filler written for this project, and nothing is copied from GitHub. No clock and no
//! random source is used, so that the same value renders to the same bytes on every machine.
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

/// The size of a real package page in bytes. The captured page of 2026-05-10 has 236,971.
pub const REAL_PACKAGE_PAGE_BYTES: usize = 237_000;
