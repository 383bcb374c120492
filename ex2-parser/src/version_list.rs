use alloc::{string::String, vec::Vec};

/// One page of a package's versions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VersionList {
    /// In the order of the page: the newest first.
    pub versions: Vec<Version>,
    /// The number of the next page; `None` on the last one.
    pub next_page: Option<u32>,
}

/// One row of a version list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Version {
    /// GitHub's id of the version.
    pub id: u64,
    /// Every tag of the version; empty for an untagged one.
    pub tags: Vec<String>,
    /// The number of pulls of the version, by any of its tags or by its digest.
    pub total: u64,
}
