//! Reads one of GitHub's lists page by page. The result is the complete list, or an error.
//!
//! A list can change between the requests of two pages. A row that is deleted from a page already read moves the first row
//! of the next page onto it, so that row is missed. A new row moves the last row of a page onto the next page, so that row
//! is seen twice. Such a list is read again from its first page.

use std::collections::BTreeSet;

use ex2_parser::{ListedPackage, PackageList, Version, VersionList};

use crate::fetch::Fetch;
use crate::github::{GitHub, Refusal};
use crate::page::Parser;
use crate::problem::{Kind, Problem};

/// The most pages of one list: 3,000 packages at GitHub's 30 a page. A longer list is an error, and is not truncated.
pub const LIST_MAX_PAGES: u32 = 100;

/// The most rows of one list, in case a page has more than GitHub's 30.
pub const LIST_MAX_ROWS: usize = 10_000;

/// The most attempts to read a list that changes meanwhile. After that, the caller may try again.
const READINGS: usize = 2;

/// The contents of one page of a list.
pub(crate) struct Page<T> {
    /// The requested rows.
    rows: Vec<T>,
    /// The number of all rows on the page, requested or not.
    row_count: u64,
    /// The number of rows of all pages in the list's heading.
    heading_count: Option<u64>,
    /// The number of the next page.
    next_page: Option<u32>,
}

impl From<PackageList> for Page<ListedPackage> {
    fn from(list: PackageList) -> Self {
        Page {
            row_count: list.rows,
            heading_count: list.heading_count,
            rows: list.packages,
            next_page: list.next_page,
        }
    }
}

impl From<VersionList> for Page<Version> {
    fn from(list: VersionList) -> Self {
        Page {
            row_count: list.versions.len() as u64,
            // No known page of versions has such a heading.
            heading_count: None,
            rows: list.versions,
            next_page: list.next_page,
        }
    }
}

/// A row of a list, identified by its key.
pub(crate) trait Row {
    type Key: Ord;

    fn key(&self) -> Self::Key;
}

impl Row for ListedPackage {
    type Key = String;

    fn key(&self) -> String {
        self.name.clone()
    }
}

impl Row for Version {
    type Key = u64;

    fn key(&self) -> u64 {
        self.id
    }
}

/// The reason for which the pages do not form one list.
enum Mismatch {
    /// A row stands on two pages.
    RowTwice { page: u32 },
    /// Two pages have headings with different counts.
    OtherHeading { page: u32, before: u64, now: u64 },
    /// A page is missing although the page before links to it.
    PageMissing { page: u32 },
    /// A page after the first is not a list, or has no rows: the list may have become shorter.
    LaterPage(Problem),
    /// All headings have the same count, and the number of rows differs from it.
    OtherSum { heading_count: u64, row_count: u64 },
}

impl From<Mismatch> for Refusal {
    fn from(mismatch: Mismatch) -> Refusal {
        let (kind, what) = match mismatch {
            Mismatch::LaterPage(problem) => return Refusal::Problem(problem),
            Mismatch::RowTwice { page } => (
                Kind::Unreachable,
                format!("the list changed while it was read: a row of page {page} stood on an earlier page, too"),
            ),
            Mismatch::OtherHeading { page, before, now } => (
                Kind::Unreachable,
                format!("the list changed while it was read: from {before} to {now} by the heading of page {page}"),
            ),
            Mismatch::PageMissing { page } => (
                Kind::Unreachable,
                format!(
                    "GitHub has no page {page} of a list that page {} said goes on",
                    page - 1
                ),
            ),
            Mismatch::OtherSum {
                heading_count,
                row_count,
            } => (
                Kind::MarkupChanged,
                format!("the list's heading counts {heading_count}, and its pages have {row_count} rows"),
            ),
        };
        Refusal::new(kind, format!("{what}; it was read {READINGS} times"))
    }
}

impl<F: Fetch> GitHub<F> {
    /// Reads a list's pages one after the other. If they do not form one list, reads them again from the first.
    pub(crate) async fn list<P: Parser, T: Row>(
        &self,
        address: impl Fn(u32) -> String,
        parser: impl Fn() -> P,
    ) -> Result<Vec<T>, Refusal>
    where
        Page<T>: From<P::Output>,
    {
        let mut reading = 1;
        loop {
            match self.list_once(&address, &parser).await? {
                Ok(list) => return Ok(list),
                Err(mismatch) if reading == READINGS => return Err(mismatch.into()),
                Err(_) => reading += 1,
            }
        }
    }

    async fn list_once<P: Parser, T: Row>(
        &self,
        address: impl Fn(u32) -> String,
        parser: impl Fn() -> P,
    ) -> Result<Result<Vec<T>, Mismatch>, Refusal>
    where
        Page<T>: From<P::Output>,
    {
        let mut list = Vec::new();
        let mut keys = BTreeSet::new();
        let mut heading_count = None;
        let mut row_count = 0;
        let mut page = 1;
        loop {
            let read = match self.read(&address(page), parser()).await {
                Err(Refusal::Missing) if page > 1 => return Ok(Err(Mismatch::PageMissing { page })),
                Err(Refusal::Problem(problem)) if page > 1 && problem.kind == Kind::MarkupChanged => {
                    return Ok(Err(Mismatch::LaterPage(problem)));
                }
                reading => Page::from(reading?.value),
            };
            // Errors of this page alone come first: a list whose pages link in a circle has not changed meanwhile.
            if let Some(next) = read.next_page.filter(|next| *next != page + 1) {
                let detail = format!("page {page} of a list says that page {next} is next");
                return Err(Refusal::new(Kind::MarkupChanged, detail));
            }
            match (heading_count, read.heading_count) {
                (Some(before), Some(now)) if before != now => {
                    return Ok(Err(Mismatch::OtherHeading { page, before, now }));
                }
                (before, now) => heading_count = before.or(now),
            }
            row_count += read.row_count;
            for row in read.rows {
                if !keys.insert(row.key()) {
                    return Ok(Err(Mismatch::RowTwice { page }));
                }
                list.push(row);
            }
            let too_large = |what: String| Refusal::new(Kind::TooLarge, format!("the list has more than {what}"));
            match (read.next_page, heading_count) {
                _ if list.len() > LIST_MAX_ROWS => return Err(too_large(format!("{LIST_MAX_ROWS} rows"))),
                (None, Some(heading_count)) if heading_count != row_count => {
                    return Ok(Err(Mismatch::OtherSum {
                        heading_count,
                        row_count,
                    }));
                }
                (None, _) => return Ok(Ok(list)),
                (Some(next), _) if next > LIST_MAX_PAGES => return Err(too_large(format!("{LIST_MAX_PAGES} pages"))),
                (Some(next), _) => page = next,
            }
        }
    }
}
