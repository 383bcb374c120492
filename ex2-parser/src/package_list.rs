use alloc::{string::String, vec::Vec};

/// One page of an organisation's or a user's packages: the container packages of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PackageList {
    /// In the order of the page, which is by downloads; packages of other ecosystems are left out.
    pub packages: Vec<ListedPackage>,
    /// The number of the next page; `None` on the last one.
    pub next_page: Option<u32>,
    /// How many packages the list's heading counts, of all ecosystems and on all pages; `None` where the page has no
    /// such heading. The rows of all pages add up to it, unless the list changed while it was read.
    pub heading_count: Option<u64>,
    /// How many packages this page lists, of all ecosystems.
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
