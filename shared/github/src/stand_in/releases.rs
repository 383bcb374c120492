//! The versions of a package: a calendar of releases, and how fast people move from one to the next.
//!
//! The calendar repeats every `CYCLE` days and has a major release, minors with pre-releases, patches, and a release
//! that is withdrawn: its tag is removed, and it has no further downloads. Packages of one repository are released
//! together. A version's share of a day's downloads grows during its first weeks and falls when newer ones are out.
//! Like the counts, the versions are a pure function of the package and the time. The counts of a package's versions
//! never exceed its total, and no count falls.

use std::ops::RangeInclusive;

use jiff::{
    Timestamp,
    civil::{Date, date},
};

use crate::pages::ListedVersion;
use crate::stand_in::{
    Package,
    clock::day,
    counts::{self, Days},
};

/// The first day of the first cycle.
const EPOCH: Date = date(2020, 9, 1);

/// The length of a cycle in days. The next one begins with the next major release.
const CYCLE: i64 = 365;

/// A release of the calendar: the day of the cycle, the minor and the patch number, and the number of the pre-release.
type Planned = (i64, u64, u64, Option<u64>);

/// The releases of a cycle. The pre-release at the end is that of the next major.
const CALENDAR: [Planned; 25] = [
    (0, 0, 0, None),
    (9, 0, 1, None),
    (31, 0, 2, None),
    (49, 1, 0, Some(1)),
    (60, 1, 0, None),
    (74, 1, 1, None),
    (110, 2, 0, Some(1)),
    (121, 2, 0, None),
    WITHDRAWN,
    (146, 2, 2, None),
    (158, 2, 3, None),
    (172, 3, 0, Some(1)),
    (177, 3, 0, Some(2)),
    (183, 3, 0, None),
    (201, 3, 1, None),
    (233, 4, 0, Some(1)),
    (244, 4, 0, None),
    (259, 4, 1, None),
    (282, 4, 2, None),
    (294, 5, 0, Some(1)),
    (305, 5, 0, None),
    (319, 5, 1, None),
    (335, 5, 2, None),
    (346, 0, 0, Some(1)),
    (355, 0, 0, Some(2)),
];

/// The release that is withdrawn, one day before the next patch.
const WITHDRAWN: Planned = (128, 2, 1, None);

/// The number of days after which it is withdrawn. A history that is read every two weeks sees it.
const DAYS_UNTIL_WITHDRAWN: i64 = 17;

/// The age in days at which a version is deleted, as projects' clean-up jobs do. So the list has about two pages.
const DAYS_LISTED: i64 = 730;

/// The age in days after which nobody pulls a version.
const DAYS_PULLED: i64 = 400;

/// The percentage of the downloads that are not of deleted or untagged versions.
const LISTED_PERCENT: u64 = 90;

/// A version of a package. Days are counted from [`EPOCH`].
struct Version {
    id: u64,
    /// The first day.
    day: i64,
    /// The first day without downloads and without its tag.
    withdrawn: i64,
    tag: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Release,
    PreRelease,
    Signature,
}

impl Package {
    /// The versions at this time, the newest first, as `GitHub` lists them: all, or those with a tag.
    pub fn versions(&self, at: Timestamp, tagged_only: bool) -> Vec<ListedVersion> {
        let (today, _) = day(at);
        let (today, born) = (days_since_epoch(today), days_since_epoch(self.born));
        // Nothing is released and deleted after the last download.
        let last = self
            .retired
            .map_or(today, |retired| today.min(days_since_epoch(retired) - 1));
        let listed_since = born.max(last - DAYS_LISTED);
        // Older ones, which were deleted since, had a part of the downloads, too.
        let released = self.released(born.max(listed_since - DAYS_PULLED), last);
        let totals = self.totals(&released, listed_since..=last, at, today);
        let newest = released
            .iter()
            .rev()
            .find(|version| version.kind == Kind::Release && version.withdrawn > today)
            .map(|version| version.id);
        released
            .into_iter()
            .zip(totals)
            .rev()
            .filter(|(version, _)| version.day >= listed_since)
            .map(|(version, total)| ListedVersion {
                tags: match version {
                    _ if version.withdrawn <= today => Vec::new(),
                    _ if Some(version.id) == newest => vec!["latest".into(), version.tag],
                    _ => vec![version.tag],
                },
                id: version.id,
                total,
            })
            .filter(|version| !tagged_only || !version.tags.is_empty())
            .collect()
    }

    /// The downloads of each version on these days.
    fn totals(&self, released: &[Version], days: RangeInclusive<i64>, at: Timestamp, today: i64) -> Vec<u64> {
        let counts = Days::of(self);
        let born = days_since_epoch(self.born);
        let mut totals = vec![0; released.len()];
        let mut weights = Vec::new();
        for day in days {
            let begin = released.partition_point(|version| day - version.day > DAYS_PULLED);
            let end = released.partition_point(|version| version.day <= day);
            weights.clear();
            weights.extend(released[begin..end].iter().map(|version| version.weight(day)));
            let all: u64 = weights.iter().sum();
            let downloads = if day == today {
                self.downloads_today(at)
            } else {
                u64::try_from(day - born).map_or(0, |age| counts.downloads(age))
            };
            for (total, weight) in totals[begin..end]
                .iter_mut()
                .zip(&weights)
                .filter(|(_, weight)| **weight > 0)
            {
                let share = u128::from(downloads) * u128::from(LISTED_PERCENT) * u128::from(*weight);
                let share = u64::try_from(share / 100 / u128::from(all)).expect("a share is no more than the whole");
                *total += share;
            }
        }
        totals
    }

    /// The versions that were published from one day to another, the oldest first.
    fn released(&self, from: i64, until: i64) -> Vec<Version> {
        let seed = counts::seed(self.repository.as_deref().unwrap_or(&self.name));
        let phase = (seed % CYCLE.unsigned_abs()).cast_signed();
        let first_id = 100_000_000 + counts::seed(&self.name) % 800_000_000;
        let mut versions = Vec::new();
        for cycle in (from + phase).div_euclid(CYCLE)..=(until + phase).div_euclid(CYCLE) {
            for (index, planned) in CALENDAR.into_iter().enumerate() {
                let (day_of_cycle, minor, patch, pre) = planned;
                let day = cycle * CYCLE + day_of_cycle - phase;
                if !(from..=until).contains(&day) {
                    continue;
                }
                let is_next_major = pre.is_some() && minor == 0;
                let major = cycle + i64::from(is_next_major);
                let pre_release = pre.map_or_else(String::new, |number| format!("-rc.{number}"));
                let id = first_id + 2 * (cycle * 100 + index as i64).unsigned_abs();
                let release = Version {
                    id,
                    day,
                    withdrawn: if planned == WITHDRAWN {
                        day + DAYS_UNTIL_WITHDRAWN
                    } else {
                        i64::MAX
                    },
                    tag: format!("v{major}.{minor}.{patch}{pre_release}"),
                    kind: if pre.is_some() { Kind::PreRelease } else { Kind::Release },
                };
                if self.signed && release.kind == Kind::Release && patch == 0 {
                    versions.push(release.signature(&self.name));
                }
                versions.push(release);
            }
        }
        versions
    }
}

impl Version {
    /// The signature of a version, which is published with it.
    fn signature(&self, package: &str) -> Version {
        let words = (0..4).map(|word| format!("{:016x}", counts::mixed(counts::seed(package) ^ (self.id << 2 | word))));
        Version {
            id: self.id + 1,
            tag: format!("sha256-{}.sig", words.collect::<String>()),
            kind: Kind::Signature,
            ..*self
        }
    }

    /// The version's part of a day's downloads beside those of the other versions, from its first day on. Whole numbers, which every machine
    /// computes alike.
    fn weight(&self, day: i64) -> u64 {
        if day >= self.withdrawn {
            return 0;
        }
        let age = (day - self.day).unsigned_abs();
        let moved_to = 1_000_000 * (age + 1) / (age + 10);
        let weight = moved_to * 600 / (600 + age * age);
        match self.kind {
            Kind::Release => weight,
            Kind::PreRelease => weight / 25,
            Kind::Signature => weight / 100,
        }
    }
}

fn days_since_epoch(date: Date) -> i64 {
    date.duration_since(EPOCH).as_secs() / 86_400
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        time::Duration,
    };

    use super::*;
    use crate::stand_in::Organisation;

    const DAY: Duration = Duration::from_secs(86_400);

    fn package(name: &str) -> Package {
        Organisation::fluxcd().package(name).unwrap().clone()
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn by_id(package: &Package, at: Timestamp) -> BTreeMap<u64, (Vec<String>, u64)> {
        let versions = package.versions(at, false);
        let count = versions.len();
        let by_id: BTreeMap<_, _> = versions
            .into_iter()
            .map(|version| (version.id, (version.tags, version.total)))
            .collect();
        assert_eq!(by_id.len(), count, "an id twice");
        by_id
    }

    #[test]
    fn versions_never_exceed_the_total_and_no_count_falls() {
        for package in Organisation::fluxcd().packages {
            let mut time = at("2024-12-30T09:00:00Z");
            let mut before = BTreeMap::new();
            // Hours that cross midnights, and two cycles.
            for _ in 0..70 {
                time += 11 * DAY + Duration::from_secs(5 * 3_600 + 1);
                let now = by_id(&package, time);
                let sum: u64 = now.values().map(|(_, total)| total).sum();
                assert!(sum <= package.total(time), "{} at {time}", package.name);
                for (id, (_, total)) in &before {
                    assert!(
                        now.get(id).is_none_or(|(_, later)| later >= total),
                        "{id} of {}",
                        package.name
                    );
                }
                before = now;
            }
        }
    }

    #[test]
    fn the_growth_of_the_versions_is_most_of_the_growth_of_the_total() {
        let package = package("source-controller");
        let (start, end) = (at("2026-09-01T00:00:00Z"), at("2026-09-15T12:00:00Z"));
        let (before, after) = (by_id(&package, start), by_id(&package, end));
        let grown: u64 = after
            .iter()
            .map(|(id, (_, total))| total - before.get(id).map_or(0, |(_, total)| *total))
            .sum();
        let total = package.total(end) - package.total(start);
        let expected = total / 100 * LISTED_PERCENT;
        assert!(
            grown <= expected + 100 && grown > expected / 100 * 99,
            "{grown} of {total}"
        );
    }

    #[test]
    fn a_year_has_releases_of_every_kind() {
        let package = package("flagger");
        let mut seen = BTreeSet::new();
        for week in 0..53 {
            let versions = package.versions(at("2025-11-28T12:00:00Z") + week * 7 * DAY, true);
            seen.extend(versions.into_iter().filter_map(|version| version.tags.last().cloned()));
        }
        let has = |end: &str| seen.iter().filter(|tag| tag.ends_with(end)).count();
        assert!(has(".0.0") >= 2 && has(".3.0") >= 2 && has(".3.1") >= 2, "{seen:?}");
        assert!(has("-rc.1") >= 5, "{seen:?}");
    }

    #[test]
    fn a_release_is_withdrawn() {
        let package = package("flagger");
        let mut last_seen = None;
        for day in 0..365u32 {
            let now = at("2025-11-28T12:00:00Z") + day * DAY;
            let tagged = package.versions(now, true);
            let found = tagged
                .into_iter()
                .find(|version| version.tags.iter().any(|tag| tag.ends_with(".2.1")));
            let newest_year = found.filter(|version| version.id % 200 < 100 && version.total > 0);
            match (newest_year, last_seen) {
                (Some(version), _) => last_seen = Some((version.id, version.total)),
                (None, Some((id, total))) => {
                    let (tags, later) = by_id(&package, now).remove(&id).expect("it is untagged");
                    assert!(tags.is_empty() && later >= total, "{tags:?} {later} after {total}");
                    assert_eq!(
                        by_id(&package, now + 30 * DAY)[&id].1,
                        later,
                        "nobody pulls it any more"
                    );
                    return;
                }
                (None, None) => {}
            }
        }
        panic!("no release was withdrawn in a year");
    }

    #[test]
    fn people_move_to_a_new_release() {
        let package = package("source-controller");
        let newest = |time: Timestamp| {
            let latest = |version: &ListedVersion| version.tags.first().is_some_and(|tag| tag == "latest");
            package.versions(time, true).into_iter().find(latest).unwrap()
        };
        // The day on which a release that keeps being the newest for two weeks came out.
        let mut time = at("2026-03-01T00:00:00Z");
        while newest(time).id == newest(time - DAY).id || newest(time).id != newest(time + 13 * DAY).id {
            time += DAY;
        }
        let id = newest(time).id;
        let share = |day: u32| {
            let (from, until) = (time + day * DAY, time + (day + 1) * DAY);
            let grown = by_id(&package, until)[&id].1 - by_id(&package, from)[&id].1;
            grown * 100 / (package.total(until) - package.total(from))
        };
        assert_eq!(by_id(&package, time)[&id].1, 0);
        let shares = [share(0), share(3), share(7), share(12)];
        assert!(shares.is_sorted() && shares[0] < 10 && shares[3] > 25, "{shares:?}");
        assert!(share(150) < 5, "{}", share(150));
    }

    #[test]
    fn retired_and_unborn_packages_have_no_new_versions() {
        let operator = package("helm-operator");
        let versions = operator.versions(at("2026-05-10T12:00:00Z"), false);
        assert!(!versions.is_empty());
        assert_eq!(versions, operator.versions(at("2023-11-01T12:00:00Z"), false));
        assert!(operator.versions(at("2019-01-01T00:00:00Z"), false).is_empty());
        // The list does not become longer with the years.
        assert!(operator.versions(Timestamp::MAX, false).len() < 90);
        assert!(package("flagger").versions(at("2300-01-01T00:00:00Z"), false).len() < 90);
    }
}
