//! The counts of a package: a pure function of the package and the time, so that every figure is predictable.
//!
//! The daily downloads grow in proportion to a package's age, are lower on Saturdays and Sundays, and vary by some
//! percent. On one day a year a package that went viral has several times as many. The total is the sum of all days; of the
//! current day it includes the part that has passed. So a total never falls, and its growth between two midnights is the sum
//! of the bars between them.

use crate::pages::BARS;
use jiff::{Timestamp, ToSpan, civil::Date};

use crate::stand_in::{Package, clock::day};

const SECONDS_A_DAY: u64 = 86_400;

/// The age at which a package has [`Package::growth`] downloads a day.
const DAYS_TO_GROWTH: u64 = 1_000;

/// The factor of a viral day.
const VIRAL_FACTOR: u64 = 6;

impl Package {
    /// The exact total at this time.
    pub fn total(&self, at: Timestamp) -> u64 {
        let (today, _) = day(at);
        let Some(age) = self.age(today) else { return 0 };
        let days = Days::of(self);
        (0..age).fold(self.downloads_today(at), |total, age| {
            total.saturating_add(days.downloads(age))
        })
    }

    /// The downloads of the last 30 days at this time, newest first. The newest is the part of the current day so far.
    pub fn daily(&self, at: Timestamp) -> Vec<(Date, u64)> {
        let (today, _) = day(at);
        (0..BARS as i64)
            .map(|age| {
                let date = today.saturating_sub(age.days());
                (
                    date,
                    if age == 0 {
                        self.downloads_today(at)
                    } else {
                        self.downloads_on(date)
                    },
                )
            })
            .collect()
    }

    /// The downloads of a whole day; 0 before the package's first day and after it was retired.
    pub fn downloads_on(&self, date: Date) -> u64 {
        self.age(date).map_or(0, |age| Days::of(self).downloads(age))
    }

    pub(crate) fn downloads_today(&self, at: Timestamp) -> u64 {
        let (today, seconds) = day(at);
        let whole = u128::from(self.downloads_on(today));
        u64::try_from(whole * u128::from(seconds) / u128::from(SECONDS_A_DAY))
            .expect("a part of a day's downloads is no more than all of them")
    }

    /// The number of days from the package's first day to `date`; `None` before the first day.
    fn age(&self, date: Date) -> Option<u64> {
        u64::try_from(date.duration_since(self.born).as_secs())
            .ok()
            .map(|seconds| seconds / SECONDS_A_DAY)
    }
}

/// The parameters of a package's days, computed once because a total is the sum of thousands of days.
pub(crate) struct Days {
    growth: u64,
    /// The age of the package on the first viral day; [`u64::MAX`] for none.
    viral: u64,
    retired: u64,
    first_weekday: u64,
    seed: u64,
}

impl Days {
    pub(crate) fn of(package: &Package) -> Self {
        Self {
            growth: package.growth,
            viral: package.viral.and_then(|viral| package.age(viral)).unwrap_or(u64::MAX),
            retired: package
                .retired
                .and_then(|retired| package.age(retired))
                .unwrap_or(u64::MAX),
            first_weekday: package.born.weekday().to_monday_zero_offset().unsigned_abs().into(),
            seed: seed(&package.name),
        }
    }

    pub(crate) fn downloads(&self, age: u64) -> u64 {
        if age >= self.retired {
            return 0;
        }
        let weekday = match (self.first_weekday + age) % 7 {
            5 => 64,
            6 => 58,
            0 | 4 => 109,
            _ => 120,
        };
        // From 90 to 110 percent.
        let variation = 90 + mixed(self.seed ^ age) % 21;
        let downloads = self.growth * (age + 1) / DAYS_TO_GROWTH * weekday / 100 * variation / 100;
        if age >= self.viral && (age - self.viral).is_multiple_of(365) {
            downloads * VIRAL_FACTOR
        } else {
            downloads
        }
    }
}

/// The FNV-1a hash of a name.
pub(crate) fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The last step of `SplitMix64`: similar inputs have very different results.
pub(crate) fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::stand_in::Organisation;

    fn packages() -> Vec<Package> {
        Organisation::fluxcd().packages
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn totals_grow_by_exactly_what_the_bars_say() {
        for package in packages() {
            let start = at("2026-05-01T00:00:00Z");
            let end = at("2026-05-25T00:00:00Z");
            let bars: u64 = package.daily(end)[1..25].iter().map(|(_, count)| count).sum();
            assert_eq!(package.daily(end)[24].0.to_string(), "2026-05-01");
            assert_eq!(package.total(end) - package.total(start), bars, "{}", package.name);
        }
    }

    #[test]
    fn totals_never_fall_and_mostly_grow() {
        for package in packages() {
            let mut time = at("2026-08-05T00:00:00Z");
            let mut before = package.total(time);
            for _ in 0..100 {
                time += Duration::from_secs(7 * 3_600 + 1);
                let total = package.total(time);
                assert!(total >= before, "{} at {time}", package.name);
                assert!(total > before || package.retired.is_some() || package.growth < 10_000);
                before = total;
            }
        }
    }

    #[test]
    fn the_newest_bar_grows_through_the_day() {
        let package = &packages()[0];
        let newest = |time: &str| package.daily(at(time))[0];
        let (date, midnight) = newest("2026-05-10T00:00:00Z");
        assert_eq!((date.to_string().as_str(), midnight), ("2026-05-10", 0));
        let noon = newest("2026-05-10T12:00:00Z").1;
        let evening = newest("2026-05-10T23:59:59Z").1;
        let whole = package.downloads_on(date);
        assert_eq!(noon, whole / 2);
        assert!(evening < whole && evening > noon);
        assert_eq!(package.daily(at("2026-05-11T08:00:00Z"))[1], (date, whole));
        assert_eq!(package.daily(at("2026-05-10T12:00:00Z")).len(), BARS);
    }

    #[test]
    fn a_year_has_one_viral_day() {
        let package = Organisation::fluxcd().package("flux-cli").unwrap().clone();
        let start = at("2025-11-28T12:00:00Z").to_zoned(TimeZone::UTC).date();
        let days = || (0..365i64).map(|day| package.downloads_on(start + day.days()));
        let mut counts: Vec<_> = days().collect();
        counts.sort_unstable();
        assert!(counts[364] > counts[363] * 3, "{counts:?}");
    }

    #[test]
    fn the_figures_are_plausible() {
        let package = packages()
            .into_iter()
            .find(|package| package.name == "source-controller")
            .unwrap();
        // The only known real figure: 355,103,300 on 2023-04-26.
        let total = package.total(at("2023-04-26T12:00:00Z"));
        assert!(total.abs_diff(355_103_300) < 35_510_330, "{total}");
        // A history of more than 400 days.
        assert!(package.total(at("2025-03-01T00:00:00Z")) > 0);
        assert_eq!(package.total(at("2019-01-01T00:00:00Z")), 0);
        assert!(package.total(Timestamp::MAX) > total);
    }
}
