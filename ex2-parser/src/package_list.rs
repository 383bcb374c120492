use alloc::{string::String, vec::Vec};

/// One page of an organisation's or a user's packages: the container packages of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PackageList {
    /// In the order of the page, which is by downloads; packages of other ecosystems are left out.
    pub packages: Vec<ListedPackage>,
    /// The number of the next page; `None` on the last one.
    pub next_page: Option<u32>,
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
