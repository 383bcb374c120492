//! Access to the real pages, which are not part of the repository.

#![allow(dead_code, reason = "each test uses some of these")]

use std::{fs, path::PathBuf};

/// Reads a file beside the repository. If it does not exist, prints that the test is skipped.
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

/// Reads a real page.
pub(crate) fn page(name: &str) -> Option<Vec<u8>> {
    shared(&format!("ghcr/pages/{name}"))
}

/// Reads a small page that was written for a past bug.
pub(crate) fn case(name: &str) -> Option<Vec<u8>> {
    shared(&format!("ghcr/cases/{name}"))
}
