//! The lesson and the oracle: html5ever's whole tree, walked in the order of the document.

use crate::{Error, Package, PackageList, VersionList};

/// Reads a package page.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package(page: &[u8]) -> Result<Package, Error> {
    let _ = page;
    unimplemented!()
}

/// Reads one page of an organisation's or a user's packages.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package_list(page: &[u8]) -> Result<PackageList, Error> {
    let _ = page;
    unimplemented!()
}

/// Reads one page of a package's versions.
///
/// # Errors
/// Says why the page gave no answer.
pub fn version_list(page: &[u8]) -> Result<VersionList, Error> {
    let _ = page;
    unimplemented!()
}
