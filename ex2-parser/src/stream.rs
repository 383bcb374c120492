//! The engine of the tracker: one pass over the page, no tree, bounded memory.

use crate::{Error, Package, PackageList, VersionList};

macro_rules! parser {
    ($(#[$doc:meta])* $parser:ident, $output:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $parser {}

        impl $parser {
            /// A parser that has read nothing yet.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            /// Reads the next bytes of the page. Chunks may end anywhere, inside a tag or a character too.
            pub fn feed(&mut self, chunk: &[u8]) {
                let _ = chunk;
                unimplemented!()
            }

            /// The page has ended.
            ///
            /// # Errors
            /// Says why the page gave no answer.
            pub fn finish(self) -> Result<$output, Error> {
                unimplemented!()
            }
        }
    };
}

parser!(
    /// Reads a package page in chunks.
    PackageParser,
    Package
);
parser!(
    /// Reads a list of packages in chunks.
    PackageListParser,
    PackageList
);
parser!(
    /// Reads a list of versions in chunks.
    VersionListParser,
    VersionList
);

/// Reads a package page.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package(page: &[u8]) -> Result<Package, Error> {
    let mut parser = PackageParser::new();
    parser.feed(page);
    parser.finish()
}

/// Reads one page of an organisation's or a user's packages.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package_list(page: &[u8]) -> Result<PackageList, Error> {
    let mut parser = PackageListParser::new();
    parser.feed(page);
    parser.finish()
}

/// Reads one page of a package's versions.
///
/// # Errors
/// Says why the page gave no answer.
pub fn version_list(page: &[u8]) -> Result<VersionList, Error> {
    let mut parser = VersionListParser::new();
    parser.feed(page);
    parser.finish()
}
