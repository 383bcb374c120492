//! What is in a root.

/// Debian 13.
pub const SUITE: &str = "trixie";

/// The packages in the root, in addition to the base system.
pub const PACKAGES: [&str; 7] = [
    "puma",
    "rails",
    "ruby",
    "ruby-bundler",
    "ruby-json-schemer",
    "ruby-pg",
    "ruby-sqlite3",
];
