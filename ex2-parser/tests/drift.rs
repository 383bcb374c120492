//! The drift gauntlet: none of 10,000 changed pages gives a wrong number. `examples/drift-gauntlet` prints the table.

#[path = "../examples/drift-gauntlet/gauntlet.rs"]
mod gauntlet;
mod real;

/// The real page is twenty times as large, so it gets fewer changes here. The command makes 10,000.
const CHANGES_OF_THE_REAL_PAGE: u64 = 1_000;

/// Asserts that this parser gives no wrong number. Returns the scores of the other rules.
fn assert_never_wrong(page: &str, pages: u64) -> Vec<(&'static str, gauntlet::Score)> {
    let scores = gauntlet::run(page, 0, pages).unwrap();
    let (name, parser) = scores[0];
    assert_eq!(name, "this parser");
    assert_eq!(parser.right + parser.failed, pages, "{scores:?}");
    // The parser has to answer often enough: a parser that never answers is never wrong either.
    assert!(parser.right > pages / 2, "{scores:?}");
    scores[1..].to_vec()
}

#[test]
fn no_change_of_a_page_causes_a_wrong_number() {
    // The changes are hard enough: each other rule gives some wrong numbers.
    for (name, score) in assert_never_wrong(&gauntlet::generated_page(), 10_000) {
        assert!(score.wrong > 0, "{name}: {score:?}");
    }
}

#[test]
fn no_change_of_the_real_page_causes_a_wrong_number() {
    if let Some(page) = real::page("package_2026-05-10_nas-doctor.html") {
        assert_never_wrong(&String::from_utf8(page).unwrap(), CHANGES_OF_THE_REAL_PAGE);
    }
}
