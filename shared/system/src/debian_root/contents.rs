//! What is in a root.

/// Debian 13.
pub const SUITE: &str = "trixie";

/// What a root is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The content, for messages.
    pub(crate) what: &'static str,
    /// The packages in the root, in addition to the base system.
    pub(crate) packages: &'static [&'static str],
}

/// The root of the Rails application.
pub(crate) const RAILS: Contents = Contents {
    what: "Rails and Ruby as Debian packages them",
    packages: &PACKAGES,
};

/// PostgreSQL of the chart's major version, for its tests: the machine may have another one.
pub const POSTGRESQL_17: Contents = Contents {
    what: "PostgreSQL 17 for the tests of the chart",
    packages: &["postgresql-17"],
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
