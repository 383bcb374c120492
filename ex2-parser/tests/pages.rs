//! The real pages, where they are at hand.

use std::{fs, path::PathBuf};

fn real(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/ghcr/pages").join(name);
    let page = fs::read(&path).ok();
    if page.is_none() {
        eprintln!("skipped: the real page {name} is not at hand");
    }
    page
}

#[test]
fn a_package_page() {
    let Some(page) = real("package_2026-05-10_nas-doctor.html") else { return };
    let dom = ex2_parser::dom::package(&page).unwrap();
    let stream = ex2_parser::stream::package(&page).unwrap();
    assert_eq!(dom, stream);
    assert_eq!(stream.total, 14_360);
    assert_eq!(stream.daily.iter().map(|day| day.count).sum::<u64>(), 14_125);
    ex2_parser::differential::check(&page);
}
