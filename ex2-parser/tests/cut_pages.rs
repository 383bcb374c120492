//! Pages that are cut off at every byte: the answer is the whole page's, or a typed error.

mod real;

use ex2_parser::{
    Error, Package, dom,
    stream::{self, PackageParser},
};
use github::pages;

/// A generated page. It is small enough for the slow engine to read it at every length.
fn small_page() -> Vec<u8> {
    pages::PackagePage {
        total: 1_318,
        decoys: true,
        discussions: Some(3),
        ..Default::default()
    }
    .render()
    .into_bytes()
}

/// Asserts the answer for a page that was cut off.
fn assert_cut(cut: &Result<Package, Error>, whole: &Package, length: usize) {
    match cut {
        Ok(package) => assert_eq!(package, whole, "cut at {length}"),
        Err(Error::Truncated | Error::NotAPackagePage) => {}
        Err(error) => panic!("cut at {length}: {error:?}"),
    }
}

/// Feeds the page byte by byte, and finishes a clone of the parser after each: one pass for all lengths.
fn assert_cut_at_every_byte(page: &[u8]) {
    let whole = stream::package(page).unwrap();
    let mut parser = PackageParser::new();
    for (length, byte) in page.iter().enumerate() {
        assert_cut(&parser.clone().finish(), &whole, length);
        parser.feed(&[*byte]);
    }
    assert_eq!(parser.finish(), Ok(whole));
}

#[test]
fn a_generated_page_at_every_byte() {
    assert_cut_at_every_byte(&small_page());
}

#[test]
fn the_real_page_at_every_byte() {
    if let Some(page) = real::page("package_2026-05-10_nas-doctor.html") {
        assert_cut_at_every_byte(&page);
    }
}

#[test]
fn both_engines_agree_on_every_cut() {
    let page = small_page();
    let whole = dom::package(&page).unwrap();
    // The tree is built for each length, so only the part with the anchors is cut at every byte.
    let anchors = find(&page, b"Total downloads") - 200..find(&page, b"</svg>") + 200;
    for length in (0..page.len()).filter(|length| anchors.contains(length) || length % 37 == 0) {
        let cut = dom::package(&page[..length]);
        assert_cut(&cut, &whole, length);
        assert_eq!(stream::package(&page[..length]), cut, "cut at {length}");
    }
}

#[test]
fn a_cut_fragment_never_has_another_total() {
    let fragment = b"<div><span>Total downloads</span>\n<h3 title=\"14360\">14.4K</h3></div><h3 title=\"9\">9</h3>";
    for length in 0..=fragment.len() {
        let (dom, stream) = (dom::package(&fragment[..length]), stream::package(&fragment[..length]));
        assert_eq!(dom, stream, "cut at {length}");
        if let Ok(package) = stream {
            assert_eq!(package.total, 14_360, "cut at {length}");
        }
    }
}

fn find(page: &[u8], text: &[u8]) -> usize {
    page.windows(text.len())
        .enumerate()
        // The decoys come before the anchors.
        .filter_map(|(at, window)| (window == text).then_some(at))
        .next_back()
        .unwrap()
}
