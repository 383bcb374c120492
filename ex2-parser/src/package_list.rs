use alloc::{string::String, vec::Vec};

/// The container packages on one page of an organisation's or a user's package list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PackageList {
    /// In the order of the page, which is by downloads; packages of other ecosystems are left out.
    pub packages: Vec<ListedPackage>,
    /// The number of the next page; `None` on the last one.
    pub next_page: Option<u32>,
    /// The number in the list's heading: packages of all ecosystems, on all pages. `None` where the page has no such
    /// heading. It is the sum of the rows of all pages, unless the list changed while it was read.
    pub heading_count: Option<u64>,
    /// The number of packages on this page, of all ecosystems.
    pub rows: u64,
}

/// One row of a package list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ListedPackage {
    /// The name, percent-decoded: `charts/flagger`.
    pub name: String,
    /// `owner/repository`, where the package is connected to one.
    pub repository: Option<String>,
}
