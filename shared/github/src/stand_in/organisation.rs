//! The owners and their packages.

use crate::pages::OtherEcosystem;
use jiff::civil::{Date, date};

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
    /// Its container packages, in the list's order.
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

impl Organisation {
    /// Flux's packages and repositories under their real names, with invented figures.
    pub fn fluxcd() -> Self {
        let packages = FLUXCD
            .into_iter()
            .map(|(name, repository, growth, retired)| Package {
                name: name.into(),
                repository: (repository != "-").then(|| repository.into()),
                growth,
                born: BORN,
                retired,
                // Discussions add a block before the total on a page.
                discussions: matches!(repository, "flux2" | "flagger").then_some(1_847),
            })
            .collect();
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

    /// The package with this exact name.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
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
