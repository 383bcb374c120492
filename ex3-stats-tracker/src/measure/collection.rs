//! The result of a pass, and its JSON.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::component::{Daily, Kind};

/// The source of figures. It is shown beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// GitHub itself.
    #[serde(rename = "github.com")]
    GitHub,
    /// The stand-in on this machine, whose figures are invented.
    #[serde(rename = "stand-in")]
    StandIn,
}

impl Source {
    /// The source's name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github.com",
            Self::StandIn => "stand-in",
        }
    }
}

/// One pass over an organisation's packages. Its serialization is what `measure --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collection {
    /// The organisation or user, as in the request.
    pub org: String,
    /// The source of the figures.
    pub source: Source,
    /// The start of the pass, in UTC and whole seconds.
    #[serde(serialize_with = "whole_seconds")]
    pub measured_at: Timestamp,
    /// The sum of the packages' totals; `null` if none was read. The type is wider than a package's total, so that the sum
    /// cannot overflow.
    pub total: Option<u128>,
    /// The packages that were read, in GitHub's order.
    pub packages: Vec<MeasuredPackage>,
    /// The packages that were not read.
    pub failures: Vec<Failure>,
    /// The packages that this pass did not read, and whose totals are of an earlier pass.
    #[serde(skip)]
    pub earlier: Option<Earlier>,
    /// The numbers of packages in the list, read and failed, if known.
    #[serde(skip)]
    pub numbers: Option<Numbers>,
}

/// Totals of earlier passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The number of packages.
    pub packages: usize,
    /// The time of the oldest total.
    pub oldest: Timestamp,
}

/// The numbers of a pass's packages. The last three add up to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Packages in the list, without the skipped ones.
    pub listed: u64,
    /// Packages that were read.
    pub read: u64,
    /// Packages whose request failed.
    pub failed: u64,
    /// Packages without a request, because the pass ended before.
    pub not_asked: u64,
}

/// A package that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MeasuredPackage {
    /// Its name.
    pub name: String,
    /// `owner/repository`, where it is connected to one.
    pub repository: Option<String>,
    /// All downloads there ever were.
    pub total: u64,
    /// The last 30 days, newest first; empty where the page has no chart.
    pub daily: Vec<Daily>,
}

/// A package that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its name.
    pub name: String,
    /// The kind of the error, for programs.
    pub kind: Kind,
    /// A sentence for people.
    pub detail: String,
    /// Whether there was a request for the package. A pass that ends early records its remaining packages as failures.
    #[serde(skip)]
    pub asked: bool,
}

impl Collection {
    /// The collection of a pass that began at `measured_at`.
    pub fn new(
        org: String,
        source: Source,
        measured_at: Timestamp,
        packages: Vec<MeasuredPackage>,
        failures: Vec<Failure>,
    ) -> Self {
        let count = |asked| failures.iter().filter(|failure| failure.asked == asked).count() as u64;
        let numbers = Some(Numbers {
            listed: (packages.len() + failures.len()) as u64,
            read: packages.len() as u64,
            failed: count(true),
            not_asked: count(false),
        });
        let total = (!packages.is_empty()).then(|| packages.iter().map(|package| u128::from(package.total)).sum());
        Self {
            org,
            source,
            measured_at,
            total,
            packages,
            failures,
            earlier: None,
            numbers,
        }
    }

    /// The failures with or without a request, grouped by kind, in the order of the kinds. Within a kind they are in
    /// GitHub's order.
    pub fn failures_by_kind(&self, asked: bool) -> Vec<(Kind, Vec<&Failure>)> {
        let failures: Vec<&Failure> = self.failures.iter().filter(|failure| failure.asked == asked).collect();
        let mut kinds: Vec<Kind> = failures.iter().map(|failure| failure.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
            .into_iter()
            .map(|kind| {
                let of_it = failures.iter().filter(|failure| failure.kind == kind);
                (kind, of_it.copied().collect())
            })
            .collect()
    }

    /// 0 if all packages were read; 69 (a service is unavailable) if every failure may pass later; 65 (bad data) if one
    /// will not: a page's markup changed, or a package is gone.
    pub fn exit_code(&self) -> u8 {
        exit_code(self.failures.iter().map(|failure| failure.kind))
    }
}

/// The exit code for failures of these kinds, see [`Collection::exit_code`].
pub fn exit_code(kinds: impl IntoIterator<Item = Kind>) -> u8 {
    let mut code = sysexits::ExitCode::Ok;
    for kind in kinds {
        if !kind.passes() {
            return sysexits::ExitCode::DataErr.into();
        }
        code = sysexits::ExitCode::Unavailable;
    }
    code.into()
}

fn whole_seconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;

    fn package(name: &str, total: u64) -> MeasuredPackage {
        let daily = vec![Daily {
            date: Date::constant(2026, 5, 10),
            count: 412,
        }];
        MeasuredPackage {
            name: name.into(),
            repository: Some("fluxcd/flagger".into()),
            total,
            daily,
        }
    }

    fn failure(kind: Kind) -> Failure {
        Failure {
            name: "flux".into(),
            kind,
            detail: "x".into(),
            asked: true,
        }
    }

    fn collection(packages: Vec<MeasuredPackage>, failures: Vec<Failure>) -> Collection {
        let at = "2026-05-10T12:00:00.5Z".parse().unwrap();
        Collection::new("fluxcd".into(), Source::StandIn, at, packages, failures)
    }

    #[test]
    fn the_json_has_the_shape_others_rely_on() {
        let collection = collection(
            vec![package("charts/flagger", 14_360)],
            vec![failure(Kind::RateLimited)],
        );
        assert_eq!(
            serde_json::to_string(&collection).unwrap(),
            r#"{"org":"fluxcd","source":"stand-in","measured_at":"2026-05-10T12:00:00Z","total":14360,"packages":[{"name":"charts/flagger","repository":"fluxcd/flagger","total":14360,"daily":[{"date":"2026-05-10","count":412}]}],"failures":[{"name":"flux","kind":"rate_limited","detail":"x"}]}"#
        );
        for (source, name) in [(Source::GitHub, "github.com"), (Source::StandIn, "stand-in")] {
            assert_eq!(serde_json::to_value(source).unwrap(), name);
            assert_eq!(source.name(), name);
        }
    }

    #[test]
    fn sums_do_not_overflow_and_nothing_read_is_not_zero() {
        let largest = collection(vec![package("a", u64::MAX), package("b", u64::MAX)], vec![]);
        assert!(
            serde_json::to_string(&largest)
                .unwrap()
                .contains(r#""total":36893488147419103230"#)
        );
        let nothing = collection(vec![], vec![failure(Kind::Unreachable)]);
        assert!(serde_json::to_string(&nothing).unwrap().contains(r#""total":null"#));
    }

    #[test]
    fn the_exit_code_tells_whether_to_come_back_later() {
        for (kinds, code) in [
            (&[][..], 0),
            (&[Kind::RateLimited], 69),
            (&[Kind::Unreachable, Kind::TimedOut, Kind::ComponentFailed], 69),
            (&[Kind::MarkupChanged], 65),
            (&[Kind::NotFound], 65),
            (&[Kind::RateLimited, Kind::MarkupChanged], 65),
        ] {
            let failures = kinds.iter().map(|kind| failure(*kind)).collect();
            assert_eq!(
                collection(vec![package("a", 1)], failures).exit_code(),
                code,
                "{kinds:?}"
            );
        }
    }

    #[test]
    fn failures_are_grouped() {
        let collection = collection(
            vec![],
            vec![
                failure(Kind::TimedOut),
                failure(Kind::RateLimited),
                failure(Kind::TimedOut),
            ],
        );
        let groups: Vec<_> = collection
            .failures_by_kind(true)
            .into_iter()
            .map(|(kind, failures)| (kind, failures.len()))
            .collect();
        assert_eq!(groups, [(Kind::RateLimited, 1), (Kind::TimedOut, 2)]);
    }
}
