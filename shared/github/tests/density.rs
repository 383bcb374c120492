//! A padded page has the same density of tags, attributes, paths, references and lines as a real page.
//!
//!     cargo test -p github --test density -- --nocapture

use std::path::Path;

use github::pages::{PackagePage, REAL_PACKAGE_PAGE_BYTES};
use scraper::{Html, Node};

/// The densities that a parser's time depends on, per 1,000 bytes of the page. Text includes scripts.
#[derive(Debug)]
struct Density {
    elements: f64,
    attributes: f64,
    attribute_bytes: f64,
    path_bytes: f64,
    references: f64,
    text_bytes: f64,
    lines: f64,
}

/// The densities of the page captured on 2026-05-10, measured by this test.
const CAPTURED: Density = Density {
    elements: 6.0,
    attributes: 17.2,
    attribute_bytes: 576.8,
    path_bytes: 240.6,
    references: 7.2,
    text_bytes: 86.7,
    lines: 9.4,
};

/// The largest relative difference of a generated page.
const TOLERANCE: f64 = 0.25;

#[test]
fn a_padded_page_is_as_dense_as_a_real_one() {
    let page = PackagePage {
        bytes: REAL_PACKAGE_PAGE_BYTES,
        ..Default::default()
    }
    .render();
    let density = measure(&page);
    println!("generated, {} bytes: {density:.1?}", page.len());
    assert_near(&density, &CAPTURED);
    let position = page.find("Total downloads").unwrap() as f64 / page.len() as f64;
    assert!(
        (0.85..0.95).contains(&position),
        "the total stands at {position:.2} of the page, in a real one at 0.90"
    );
}

#[test]
fn the_figures_of_the_captured_page_are_those_it_has() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/ghcr/pages/package_2026-05-10_nas-doctor.html");
    let Ok(page) = std::fs::read_to_string(&path) else {
        eprintln!(
            "skipped: the captured page is not at hand, so the generated one is compared with its recorded figures only"
        );
        return;
    };
    let density = measure(&page);
    println!("captured, {} bytes: {density:.1?}", page.len());
    for (name, found, recorded) in pairs(&density, &CAPTURED) {
        assert!(
            (found - recorded).abs() <= recorded * 0.01,
            "{name}: {found:.1}, recorded {recorded:.1}"
        );
    }
}

fn assert_near(density: &Density, target: &Density) {
    for (name, found, wanted) in pairs(density, target) {
        assert!(
            (found - wanted).abs() <= wanted * TOLERANCE,
            "{name}: {found:.1} per 1,000 bytes, a real page has {wanted:.1}"
        );
    }
}

fn pairs(one: &Density, other: &Density) -> [(&'static str, f64, f64); 7] {
    [
        ("elements", one.elements, other.elements),
        ("attributes", one.attributes, other.attributes),
        ("bytes of attribute values", one.attribute_bytes, other.attribute_bytes),
        ("bytes of svg paths", one.path_bytes, other.path_bytes),
        ("character references", one.references, other.references),
        ("bytes of text and scripts", one.text_bytes, other.text_bytes),
        ("line breaks", one.lines, other.lines),
    ]
}

fn measure(page: &str) -> Density {
    let html = Html::parse_document(page);
    let mut density = Density {
        elements: 0.0,
        attributes: 0.0,
        attribute_bytes: 0.0,
        path_bytes: 0.0,
        references: 0.0,
        text_bytes: 0.0,
        lines: 0.0,
    };
    for node in html.tree.values() {
        match node {
            Node::Element(element) => {
                density.elements += 1.0;
                for (name, value) in element.attrs() {
                    density.attributes += 1.0;
                    density.attribute_bytes += value.len() as f64;
                    if element.name() == "path" && name == "d" {
                        density.path_bytes += value.len() as f64;
                    }
                }
            }
            Node::Text(text) => density.text_bytes += text.len() as f64,
            _ => {}
        }
    }
    density.references = [
        "&quot;", "&amp;", "&lt;", "&gt;", "&nbsp;", "&hellip;", "&middot;", "&copy;",
    ]
    .iter()
    .map(|reference| page.matches(reference).count() as f64)
    .sum();
    density.lines = page.matches('\n').count() as f64;
    let thousands = page.len() as f64 / 1_000.0;
    for value in [
        &mut density.elements,
        &mut density.attributes,
        &mut density.attribute_bytes,
        &mut density.path_bytes,
        &mut density.references,
        &mut density.text_bytes,
        &mut density.lines,
    ] {
        *value /= thousands;
    }
    density
}
