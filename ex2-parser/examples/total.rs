//! The lesson: how often was a container image pulled? The number is on GitHub's page of the package, in HTML.
//!
//! ```sh
//! cargo run -q -p github --bin pages -- package | cargo run -q -p ex2-parser --example total
//! ```
//!
//! The page has these two elements, among a thousand others:
//!
//! ```html
//! <span class="…">Total downloads</span>
//! <h3 title="14360">14.4K</h3>
//! ```
//!
//! The text in the `h3` is rounded. The exact number is in its attribute `title`. So the steps are: parse the page into a
//! tree, find the label, go to the next element, read the attribute.

use std::io::{self, Read};

use anyhow::{Context, ensure};
use scraper::{ElementRef, Html, Selector};

fn main() -> anyhow::Result<()> {
    let mut page = String::new();
    io::stdin().read_to_string(&mut page)?;
    println!("{}", total(&page)?);
    Ok(())
}

// region: total
/// Returns the exact number of downloads on a package's page.
pub fn total(page: &str) -> anyhow::Result<u64> {
    // First, the page becomes a tree of elements, by the same rules as in a browser. Text in a comment or in a script that
    // looks like the label is not an element of the tree.
    let tree = Html::parse_document(page);

    // Then the label, by its text, which has stayed the same for years. Its class belongs to the design and changes often.
    let span = Selector::parse("span").expect("this is a CSS selector");
    let mut labels = tree
        .select(&span)
        .filter(|span| span.text().collect::<String>().trim() == "Total downloads");
    let label = labels.next().context("the page has no label `Total downloads`")?;
    ensure!(labels.next().is_none(), "the page has two labels `Total downloads`");

    // Next comes the element directly after the label. If it is not the `h3`, the nearest other number on the page is not
    // the total: it counts the issues of the project.
    let heading = label
        .next_siblings()
        .find_map(ElementRef::wrap)
        .filter(|element| element.value().name() == "h3")
        .context("no h3 stands after the label")?;

    // Finally, the number. A number that cannot be read is an error, and never a 0.
    let title = heading.attr("title").context("the h3 after the label has no title")?;
    title
        .parse()
        .with_context(|| format!("the title is `{title}`, which is no number"))
}
// endregion: total
