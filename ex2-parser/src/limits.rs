//! The limits of a page's size.

/// The most start tags, and the most end tags, of one page. GitHub's pages have about 2,000. A tree of millions of
/// nested elements takes hours to build, since each tag may be compared with all open elements.
pub(crate) const MAX_TAGS: u32 = if cfg!(fuzzing) { 200 } else { 50_000 };

/// The most bytes of one page that either engine reads: 35 times the size of a package page.
pub const MAX_PAGE_BYTES: usize = if cfg!(fuzzing) { 4 * 1024 } else { 8 * 1024 * 1024 };
