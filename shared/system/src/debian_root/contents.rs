//! What is in a root.

use crate::architecture::Architecture;

/// Debian 13.
pub const SUITE: &str = "trixie";

/// What a root is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The content, for messages.
    pub(crate) what: &'static str,
    /// The packages in the root, in addition to the base system.
    pub(crate) packages: &'static [&'static str],
    /// The architecture of a root whose packages are only unpacked. It has no base system, its programs are not run, and
    /// no files that an installation generates are in it. `None`: packages of this machine's architecture are installed.
    pub(crate) unpacked: Option<Architecture>,
}

impl Contents {
    /// Packages with their dependencies, unpacked for an architecture that need not be this machine's.
    pub fn unpacked(architecture: Architecture, packages: &'static [&'static str]) -> Self {
        Self {
            what: match architecture {
                Architecture::Amd64 => "the packages of an image for amd64",
                Architecture::Arm64 => "the packages of an image for arm64",
            },
            packages,
            unpacked: Some(architecture),
        }
    }
}

/// The root of the Rails application.
pub(crate) const RAILS: Contents = Contents {
    what: "Rails and Ruby as Debian packages them",
    packages: &PACKAGES,
    unpacked: None,
};

/// PostgreSQL of the chart's major version, for its tests: the machine may have another one.
pub const POSTGRESQL_17: Contents = Contents {
    what: "PostgreSQL 17 for the tests of the chart",
    packages: &["postgresql-17"],
    unpacked: None,
};

/// The packages in the root of the Rails application, in addition to the base system.
pub const PACKAGES: [&str; 7] = [
    "puma",
    "rails",
    "ruby",
    "ruby-bundler",
    "ruby-json-schemer",
    "ruby-pg",
    "ruby-sqlite3",
];
