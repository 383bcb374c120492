//! The real pages, which are not part of the repository.

#![allow(dead_code, reason = "each test uses some of these")]

use std::{fs, path::PathBuf};

/// A file beside the repository, where it is at hand; says that a test is skipped where not.
fn shared(path: &str) -> Option<Vec<u8>> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(path);
    let contents = fs::read(file).ok();
    if contents.is_none() {
        eprintln!("skipped: ../shared/{path} is not at hand");
    }
    contents
}

/// A real page.
pub(crate) fn page(name: &str) -> Option<Vec<u8>> {
    shared(&format!("ghcr/pages/{name}"))
}

/// A small page written after what went wrong.
pub(crate) fn case(name: &str) -> Option<Vec<u8>> {
    shared(&format!("ghcr/cases/{name}"))
}
