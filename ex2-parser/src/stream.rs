//! The tracker's engine: one pass over the page, no tree, bounded memory.
//!
//! A tokenizer turns bytes into tags and text. Tree construction keeps the stack of open elements, and sends events to
//! an extractor. Memory is bounded by the page's depth (512 elements) and by the values of one tag's wanted attributes
//! (16 KiB). It does not grow with the page's length. A chunk may end anywhere.
//!
//! HTML's rules sometimes move content to another place in the tree, and one pass cannot follow that. Such a page gets
//! [`Change::NeedsTree`](crate::Change::NeedsTree), and never an answer that [`dom`](crate::dom) would not give.

mod block;
mod masks;
mod names;
mod open_elements;
mod reference;
mod tokenizer;
mod tree_construction;

use crate::{
    Error, Package, PackageList, VersionList,
    extract::{Extractor, PackageExtractor, PackageListExtractor, VersionListExtractor},
};
#[cfg(feature = "differential")]
pub(crate) use tokenizer::TagPath;
pub(crate) use tokenizer::Tokenizer;

macro_rules! parser {
    ($(#[$documentation:meta])* $parser:ident, $extractor:ident, $output:ty) => {
        $(#[$documentation])*
        #[derive(Debug, Clone)]
        pub struct $parser(Tokenizer<$extractor>);

        impl $parser {
            /// A parser that has read nothing yet.
            #[must_use]
            pub fn new() -> Self {
                Self(Tokenizer::new($extractor::new()))
            }

            /// Reads the next bytes of the page. Chunks may end anywhere, inside a tag or a character too.
            pub fn feed(&mut self, chunk: &[u8]) {
                self.0.feed(chunk);
            }

            /// Ends the page, and returns its answer.
            ///
            /// # Errors
            /// Says why the page gave no answer.
            pub fn finish(self) -> Result<$output, Error> {
                self.0.finish()
            }
        }

        impl Default for $parser {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}

parser!(
    /// Reads a package page in chunks.
    ///
    /// ```
    /// let mut parser = ex2_parser::stream::PackageParser::new();
    /// for chunk in ["<span>Total down", "loads</span><h3 tit", "le=7>7</h3>"] {
    ///     parser.feed(chunk.as_bytes());
    /// }
    /// assert_eq!(parser.finish()?.total, 7);
    /// # Ok::<(), ex2_parser::Error>(())
    /// ```
    PackageParser,
    PackageExtractor,
    Package
);
parser!(
    /// Reads a list of packages in chunks.
    PackageListParser,
    PackageListExtractor,
    PackageList
);
parser!(
    /// Reads a list of versions in chunks.
    VersionListParser,
    VersionListExtractor,
    VersionList
);

/// Reads a package page.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package(page: &[u8]) -> Result<Package, Error> {
    extract(page, PackageExtractor::new())
}

/// Reads one page of an organisation's or a user's packages.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package_list(page: &[u8]) -> Result<PackageList, Error> {
    extract(page, PackageListExtractor::new())
}

/// Reads one page of a package's versions.
///
/// # Errors
/// Says why the page gave no answer.
pub fn version_list(page: &[u8]) -> Result<VersionList, Error> {
    extract(page, VersionListExtractor::new())
}

pub(crate) fn extract<E: Extractor>(page: &[u8], extractor: E) -> Result<E::Output, Error> {
    let mut tokenizer = Tokenizer::new(extractor);
    tokenizer.feed(page);
    tokenizer.finish()
}
