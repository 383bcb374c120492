//! A package's page read with scraper: cargo run -q -p ex2-parser --example host-with-scraper -- PAGE…
use std::{env, fs, time::Instant};

use anyhow::{Context, Result};
use scraper::{ElementRef, Html, Selector};
use serde_json::json;

fn main() -> Result<()> {
    for path in env::args().skip(1) {
        let page = String::from_utf8(fs::read(path)?)?;
        let clock = Instant::now();
        let answer = read(&page)?;
        eprintln!("page {:?}", clock.elapsed());
        println!("{answer}");
    }
    Ok(())
}

fn read(page: &str) -> Result<String> {
    let tree = Html::parse_document(page);
    let span = Selector::parse("span").expect("this is a CSS selector");
    let label = tree
        .select(&span)
        .find(|span| span.text().collect::<String>().trim() == "Total downloads")
        .context("the page has no label")?;
    let heading = label
        .next_siblings()
        .find_map(ElementRef::wrap)
        .context("no element after the label")?;
    let bar = "[aria-label='Downloads for the last 30 days'] rect[data-merge-count]";
    let bar = Selector::parse(bar).expect("this is a CSS selector");
    let daily = tree.select(&bar).map(|bar| {
        let date = bar.attr("data-date").context("a bar without a date")?;
        let count = json!(number(bar, "data-merge-count")?);
        Ok(format!(r#"{{"date":{},"count":{count}}}"#, json!(date)))
    });
    let daily = daily.collect::<Result<Vec<_>>>()?.join(",");
    Ok(format!(
        r#"{{"total":{},"daily":[{daily}]}}"#,
        number(heading, "title")?
    ))
}

fn number(element: ElementRef<'_>, attribute: &str) -> Result<u64> {
    let text = element.attr(attribute).with_context(|| format!("no {attribute}"))?;
    text.parse().with_context(|| format!("{attribute} is {text}"))
}
