//! Changes pages, applies each rule to them, and counts the results.

#[path = "change.rs"]
mod change;
#[path = "rule.rs"]
mod rule;
#[path = "tree.rs"]
mod tree;

use std::fmt::Write;

use ex2_parser::{Error, Package, stream};
use github::pages;
use rule::Rule;
use tree::Tree;

/// The results of one rule on all pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Pages with the right total, and the right days or none.
    pub(crate) right: u64,
    /// Pages without an answer.
    pub(crate) failed: u64,
    /// Pages with another number.
    pub(crate) wrong: u64,
}

/// Generates a package page with the surroundings of a real one: other counters of the same markup, and text by the owner.
pub(crate) fn generated_page() -> String {
    pages::PackagePage {
        total: 1_234_567,
        discussions: Some(120),
        ..Default::default()
    }
    .render()
}

/// Changes the original page `pages` times, and applies each rule to each result. Another seed makes other changes.
///
/// # Errors
/// If the original page has no total.
pub(crate) fn run(page: &str, seed: u32, pages: u64) -> Result<Vec<(&'static str, Score)>, Error> {
    let truth = stream::package(page.as_bytes())?;
    let original = Tree::parse(page);
    let mut rules = Rule::all(&original, truth.total);
    let mut parser = Score::default();
    let mut scores = vec![Score::default(); rules.len()];
    for number in 0..pages {
        let mut tree = original.clone();
        change::change(&mut tree, u64::from(seed) << 32 | number);
        let html = tree.to_html();
        count(&mut parser, judge(&stream::package(html.as_bytes()), &truth));
        for (rule, score) in rules.iter_mut().zip(&mut scores) {
            count(score, rule.total(&tree, &html).map(|total| total == truth.total));
        }
    }
    let names = rules.iter().map(Rule::name);
    Ok([("this parser", parser)].into_iter().chain(names.zip(scores)).collect())
}

/// Whether an answer is right; `None` for an error. An answer without days is right too: the page may have lost its chart.
fn judge(answer: &Result<Package, Error>, truth: &Package) -> Option<bool> {
    let answer = answer.as_ref().ok()?;
    Some(answer.total == truth.total && (answer.daily.is_empty() || answer.daily == truth.daily))
}

fn count(score: &mut Score, is_right: Option<bool>) {
    match is_right {
        Some(true) => score.right += 1,
        None => score.failed += 1,
        Some(false) => score.wrong += 1,
    }
}

/// The scores as a table in Markdown.
#[allow(dead_code, reason = "the test asserts the scores themselves")]
pub(crate) fn table(scores: &[(&str, Score)]) -> String {
    let mut table = String::from("| rule | right | typed failure | wrong number |\n| --- | ---: | ---: | ---: |\n");
    for (name, score) in scores {
        _ = writeln!(
            table,
            "| {name} | {} | {} | {} |",
            score.right, score.failed, score.wrong
        );
    }
    table
}
