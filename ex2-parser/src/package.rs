use alloc::vec::Vec;

use crate::Date;

/// What a package page says about downloads.
///
/// As JSON: `{"total":14360,"daily":[{"date":"2026-05-10","count":412}]}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Package {
    /// The number of pulls of all versions since the first one. Pulls of signatures and attestations count too.
    pub total: u64,
    /// The last 30 days, newest first as on the page; empty where the page has no chart. The newest day is the day on
    /// which the page was made. Its count still grows.
    pub daily: Vec<DailyDownloads>,
}

/// One bar of the page's chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DailyDownloads {
    /// The day, in GitHub's time zone.
    pub date: Date,
    /// Pulls on that day.
    pub count: u64,
}
