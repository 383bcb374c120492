//! The owners and their packages.

use crate::pages::OtherEcosystem;
use jiff::{
    Timestamp,
    civil::{Date, date},
};

use crate::stand_in::clock::day;

/// A container package of the stand-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The package's name, which can contain slashes.
    pub name: String,
    /// Its repository, without the owner.
    pub repository: Option<String>,
    /// The approximate number of downloads a day at the age of a thousand days.
    pub growth: u64,
    /// Its first day.
    pub born: Date,
    /// The first day without downloads, of a package that is not used any more.
    pub retired: Option<Date>,
    /// The first day on which it is not listed any more, and its page is not found.
    pub removed: Option<Date>,
    /// The first day with several times the downloads, which repeats every 365 days.
    pub viral: Option<Date>,
    /// Whether its releases have signatures, which are versions of their own.
    pub signed: bool,
    /// The "Discussions" counter of its repository, if discussions are enabled.
    pub discussions: Option<u64>,
}

/// An organisation or a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// The name in paths. As on GitHub, it is not case-sensitive.
    pub name: String,
    /// Whether it is a user, whose packages have other paths.
    pub user: bool,
    /// Its container packages of all times, in the list's order.
    pub packages: Vec<Package>,
    /// Its packages of other ecosystems.
    pub other_ecosystems: Vec<OtherEcosystem>,
}

/// Flux's container packages, from its documentation and releases: name, repository (`-` for none), invented growth in
/// downloads a day, and the first day without downloads of retired packages.
const FLUXCD: [(&str, &str, u64, Option<Date>); 20] = [
    ("source-controller", "source-controller", 782_000, None),
    ("kustomize-controller", "kustomize-controller", 764_000, None),
    ("helm-controller", "helm-controller", 727_000, None),
    ("notification-controller", "notification-controller", 703_000, None),
    (
        "image-reflector-controller",
        "image-reflector-controller",
        162_000,
        None,
    ),
    (
        "image-automation-controller",
        "image-automation-controller",
        158_000,
        None,
    ),
    ("source-watcher", "source-watcher", 900, None),
    ("flux-cli", "flux2", 91_000, None),
    ("flux-manifests", "flux2", 37_000, None),
    ("flagger", "flagger", 48_000, None),
    ("flagger-loadtester", "flagger", 31_000, None),
    ("flagger-manifests", "flagger", 4_100, None),
    ("charts/flagger", "flagger", 12_500, None),
    ("golang-with-libgit2-only", "golang-with-libgit2", 380, None),
    ("golang-with-libgit2-all", "golang-with-libgit2", 120, None),
    ("flux", "flux", 2_600, Some(date(2023, 11, 1))),
    ("helm-operator", "helm-operator", 1_900, Some(date(2023, 11, 1))),
    ("source-controller-arm64", "-", 41, Some(date(2021, 3, 1))),
    ("kustomize-controller-arm64", "-", 39, Some(date(2021, 3, 1))),
    ("helm-controller-arm64", "-", 37, Some(date(2021, 3, 1))),
];

/// The first day of Flux's packages here.
const BORN: Date = date(2020, 9, 1);

/// A package that is renamed, as GitHub does it: the old one is not found any more, and a new one begins with no downloads.
/// The old name is Flux's, the new one is invented.
const RENAMED: (&str, &str) = ("flagger-manifests", "manifests/flagger");

/// The first day of the new name.
const RENAMED_ON: Date = date(2026, 8, 4);

/// The approximate number of downloads a day of the new name at the age of a thousand days. Its users moved within months.
const RENAMED_GROWTH: u64 = 45_000;

/// The package that goes viral, and the first such day.
const VIRAL: (&str, Date) = ("flux-cli", date(2020, 10, 20));

impl Organisation {
    /// Flux's packages and repositories under their real names, with invented figures.
    pub fn fluxcd() -> Self {
        let mut packages: Vec<_> = FLUXCD
            .into_iter()
            .map(|(name, repository, growth, retired)| Package {
                name: name.into(),
                repository: (repository != "-").then(|| repository.into()),
                growth,
                born: BORN,
                retired,
                removed: (name == RENAMED.0).then_some(RENAMED_ON),
                viral: (name == VIRAL.0).then_some(VIRAL.1),
                signed: name == "flux-cli",
                // Discussions add a block before the total on a page.
                discussions: matches!(repository, "flux2" | "flagger").then_some(1_847),
            })
            .collect();
        let old = packages.iter().position(|package| package.name == RENAMED.0);
        let old = old.expect("the renamed package is one of Flux's");
        let new = Package {
            name: RENAMED.1.into(),
            growth: RENAMED_GROWTH,
            born: RENAMED_ON,
            removed: None,
            ..packages[old].clone()
        };
        packages.insert(old + 1, new);
        Self {
            name: "fluxcd".into(),
            user: false,
            packages,
            other_ecosystems: Vec::new(),
        }
    }

    /// An organisation with this number of invented packages. Every seventh has no repository, every fifth has a slash
    /// in its name.
    pub fn invented(name: &str, packages: usize) -> Self {
        let packages = (1..=packages)
            .map(|number| Package {
                name: if number % 5 == 0 {
                    format!("charts/image-{number}")
                } else {
                    format!("image-{number}")
                },
                repository: (number % 7 != 0).then(|| format!("repository-{}", number.div_ceil(3))),
                growth: 40 * (number as u64).pow(3) % 90_000 + 20,
                born: BORN,
                retired: None,
                removed: None,
                viral: None,
                signed: false,
                discussions: (number % 2 == 0).then_some(number as u64),
            })
            .collect();
        Self {
            name: name.into(),
            user: false,
            packages,
            other_ecosystems: Vec::new(),
        }
    }

    /// The organisation `name`: Flux, or one with three invented packages.
    pub(crate) fn named(name: &str) -> Self {
        if name.eq_ignore_ascii_case("fluxcd") {
            Self::fluxcd()
        } else {
            Self::invented(name, 3)
        }
    }

    /// The owners that every stand-in has, in addition to the chosen organisation.
    pub(crate) fn built_in() -> Vec<Self> {
        let many = Self {
            other_ecosystems: vec![OtherEcosystem {
                name: "org.example.library".into(),
                repository: "java-library".into(),
                id: 12_345,
            }],
            ..Self::invented("stand-in-many", 75)
        };
        let user = Self {
            user: true,
            ..Self::invented("stand-in-user", 3)
        };
        vec![
            many,
            Self::invented("stand-in-thousand", 1_000),
            Self::invented("stand-in-empty", 0),
            user,
        ]
    }

    /// The package with this exact name, at any time.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The packages that exist at this time, in the list's order.
    pub fn packages_at(&self, at: Timestamp) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(move |package| package.exists(at))
    }
}

impl Package {
    /// Whether it is listed and has a page at this time.
    pub fn exists(&self, at: Timestamp) -> bool {
        let (today, _) = day(at);
        today >= self.born && self.removed.is_none_or(|removed| today < removed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        for organisation in [Organisation::fluxcd(), Organisation::invented("many", 1_000)] {
            let names: BTreeSet<_> = organisation.packages.iter().map(|package| &package.name).collect();
            assert_eq!(names.len(), organisation.packages.len());
        }
    }

    #[test]
    fn a_renamed_package_ends_and_begins_on_one_day() {
        let fluxcd = Organisation::fluxcd();
        let names = |at: &str| -> BTreeSet<_> {
            fluxcd
                .packages_at(at.parse().unwrap())
                .map(|package| package.name.clone())
                .collect()
        };
        let (before, after) = (names("2026-08-03T23:59:59Z"), names("2026-08-04T00:00:00Z"));
        assert_eq!((before.len(), after.len()), (20, 20));
        assert_eq!(before.difference(&after).collect::<Vec<_>>(), ["flagger-manifests"]);
        assert_eq!(after.difference(&before).collect::<Vec<_>>(), ["manifests/flagger"]);
        assert_eq!(
            fluxcd
                .package("manifests/flagger")
                .unwrap()
                .total("2026-08-04T00:00:00Z".parse().unwrap()),
            0
        );
        assert!(names("2019-01-01T00:00:00Z").is_empty());
    }

    #[test]
    fn fluxcd_has_its_known_packages() {
        let fluxcd = Organisation::fluxcd();
        for name in [
            "source-controller",
            "image-automation-controller",
            "flux-cli",
            "flagger",
            "charts/flagger",
        ] {
            assert!(fluxcd.package(name).is_some(), "{name}");
        }
        let chart = fluxcd.package("charts/flagger").unwrap();
        assert_eq!(chart.repository.as_deref(), Some("flagger"));
        assert!(fluxcd.packages.iter().any(|package| package.repository.is_none()));
    }
}
