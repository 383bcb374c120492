//! The real pages, which are not part of the repository.

use std::{fs, path::PathBuf};

/// A real page, where they are at hand; says that a test is skipped where not.
pub(crate) fn page(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/ghcr/pages")
        .join(name);
    let page = fs::read(path).ok();
    if page.is_none() {
        eprintln!("skipped: the real page {name} is not at hand");
    }
    page
}
