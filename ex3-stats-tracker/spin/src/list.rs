//! A list of GitHub's, read page by page: whole, or a problem.
//!
//! A list can change between two of its pages. Something deleted from a page that was read moves the first row of the
//! next page onto it, unseen; something published moves a row onto the next page a second time. Such a list is read
//! again from its first page.

use std::collections::BTreeSet;

use ex2_parser::{ListedPackage, PackageList, Version, VersionList};

use crate::fetch::Fetch;
use crate::github::{GitHub, Refusal};
use crate::page::Parser;
use crate::problem::{Kind, Problem};

/// The most pages of one list that are read: 3 000 packages at GitHub's 30 a page. Past it the list is refused, not
/// cut short.
pub const LIST_MAX_PAGES: u32 = 100;

/// The most rows of one list that are kept, should a page have more of them than GitHub's do.
pub const LIST_MAX_ROWS: usize = 10_000;

/// How often a list is read that changes meanwhile. A third time would find nothing that the caller's next try won't.
const READINGS: usize = 2;

/// What stood on one page of a list.
pub(crate) struct Page<T> {
    /// The rows that are asked for.
    rows: Vec<T>,
    /// All of the page's rows, asked for or not.
    row_count: u64,
    /// How many rows all pages have, by the list's heading.
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
            // No page of versions was seen to count them all.
            heading_count: None,
            rows: list.versions,
            next_page: list.next_page,
        }
    }
}

/// A row of a list, known by its key.
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

/// Why the pages that were read are not one list.
enum Mismatch {
    /// A row stands on two pages.
    RowTwice { page: u32 },
    /// Two pages' headings count differently.
    OtherHeading { page: u32, before: u64, now: u64 },
    /// A page is not there that the one before it links.
    PageMissing { page: u32 },
    /// A page after the first is no list, or one without rows: the list may have become shorter.
    LaterPage(Problem),
    /// All headings count the same, and the rows are more or fewer.
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
    /// Reads a list's pages one after the other, and once more from the first where they do not fit together.
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
            // What this page says alone comes first: a list in a circle is no list that changed.
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
