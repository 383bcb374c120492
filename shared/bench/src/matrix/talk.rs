//! A record as the talk's slides draw it: every figure already a text, so that a slide rounds and chooses nothing.

use serde_json::{Value, json};

use crate::cases::Step;
use crate::matrix::figure::Missing;
use crate::matrix::hypothesis::{self, Answer};
use crate::matrix::record::Bench;
use crate::matrix::{Interval, Record, number, table};

/// So many rows a chart has at most: from the last row of a room no more can be read.
const MOST_ROWS: usize = 6;

/// A row of a chart: where its figure is, and what it is called in few words.
#[derive(Clone, Copy)]
enum Bar {
    /// A case's step.
    Case(&'static str, Step, &'static str),
    /// A bench's estimate without a case, by Criterion's directory. The name of a page may follow there: GitHub's, where it
    /// is at hand, or a generated one.
    Estimate(&'static str, &'static str, &'static str),
}

/// A chart of times, all of one model.
struct Chart {
    name: &'static str,
    title: &'static str,
    bars: &'static [Bar],
}

use Bar::{Case, Estimate};
use Step::{Setup, Start, Work};

/// Every chart of times.
const CHARTS: [Chart; 6] = [
    Chart {
        name: "hello",
        title: "Hello World: one line written, in a warm call",
        bars: &[
            Case("rust/native", Work, "Rust, native"),
            Case("wat/wasmer-cranelift", Work, "Wat, by hand"),
            Case("rust-module/wasmer-cranelift", Work, "Rust, in Wasm"),
            Case("ruby/puts", Work, "Ruby, puts with sync"),
            Case("ruby/wasmer-cranelift", Work, "Ruby, in Wasm"),
        ],
    },
    Chart {
        name: "start",
        title: "Hello World: from the start to the first line, compiled before",
        bars: &[
            Case("wat/wasmer-cranelift", Start, "Wat, by hand"),
            Case("rust-module/wasmer-cranelift", Start, "Rust, in Wasm"),
            Case("ruby/puts", Start, "Ruby's VM"),
            Case("ruby/wasmer-cranelift", Start, "Ruby, in Wasm"),
        ],
    },
    Chart {
        name: "compile-once",
        title: "Compile once: compiling a module, and a start from its cached code",
        bars: &[
            Case("wat/wasmer-cranelift", Setup, "Wat: compiled"),
            Case("wat/wasmer-cranelift", Start, "Wat: started"),
            Case("rust-module/wasmer-cranelift", Setup, "Rust: compiled"),
            Case("rust-module/wasmer-cranelift", Start, "Rust: started"),
            Case("ruby/wasmer-cranelift", Setup, "Ruby: compiled"),
            Case("ruby/wasmer-cranelift", Start, "Ruby: started"),
        ],
    },
    // Without the shortcuts, which are no parsers.
    Chart {
        name: "parser",
        title: "HTML Parser: one page read, in a warm call",
        bars: &[
            Case("stream/native", Work, "Rust, native"),
            Case("stream/wasmer-cranelift", Work, "Rust, in Wasm"),
            Case("ghcr-page/guest", Work, "the gem, in Wasm"),
            Case("nokogiri/html5", Work, "Nokogiri, HTML5"),
            Case("htree", Work, "HTree, pure Ruby"),
            Case("htree/wasmer-cranelift", Work, "HTree, Ruby in Wasm"),
        ],
    },
    Chart {
        name: "from-ruby",
        title: "From Ruby: one page read, in a warm call",
        bars: &[
            Case("ghcr-page/native", Work, "the gem, native"),
            Case("ghcr-page/guest", Work, "the gem, in Wasm"),
            Case("nokogiri/html4", Work, "Nokogiri, HTML4"),
            Case("nokogiri/html5", Work, "Nokogiri, HTML5"),
            Case("htree", Work, "HTree, pure Ruby"),
        ],
    },
    Chart {
        name: "sandbox",
        title: "A sandbox for each request: one page sent and read",
        bars: &[
            Estimate("host", "instance", "an instance alone"),
            Estimate("host", "extract/native", "native"),
            Estimate("host", "extract/embedded host", "in a fresh instance"),
        ],
    },
];

/// The matrix, the questions with their answers, and the charts.
///
/// `summary` is the matrix: `columns`, and `rows` with a `label` and a text for each column in `cells`, empty where
/// nothing was asked. `verdicts` are the questions by their names, with the texts of their tables. Each of the `charts` has
/// at most six `rows`, the fastest first: a time as `nanoseconds`, anything else as `value`, and the text of either as
/// `formatted`. What a chart has no figure of is in `missing` with the reason. A chart without any figure is not there.
pub fn of(record: &Record) -> Value {
    let (columns, rows) = (table::COLUMNS, table::summary_rows(record));
    let rows = rows
        .into_iter()
        .map(|(label, cells)| json!({ "label": label, "cells": cells }));
    let times = CHARTS.iter().map(|chart| times(record, chart));
    let charts = times.chain(record.benches.iter().map(rates));
    json!({
        "record": record.name(),
        "machine": record.machine.in_words(),
        "summary": { "columns": columns, "rows": rows.collect::<Vec<_>>() },
        "verdicts": hypothesis::answers(record).iter().map(|answer| verdict(record, answer)).collect::<Vec<_>>(),
        "charts": charts.flatten().collect::<Vec<_>>(),
    })
}

fn verdict(record: &Record, answer: &Answer) -> Value {
    let rows = answer.outcomes.iter().map(|outcome| {
        let [faster, than, times, verdict] = hypothesis::row(record, outcome);
        json!({ "faster": faster, "than": than, "times": times, "verdict": verdict })
    });
    json!({
        "slug": answer.hypothesis.name,
        "question": answer.hypothesis.question,
        "answer": answer.word(),
        "rows": rows.collect::<Vec<_>>(),
    })
}

fn times(record: &Record, chart: &Chart) -> Option<Value> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for bar in chart.bars {
        let (label, figure) = match *bar {
            Case(id, step, label) => (label, record.figure(id, step)),
            Estimate(bench, directory, label) => (label, estimate(record, bench, directory)),
        };
        match figure {
            Ok(figure) => rows.push((figure, label)),
            Err(why) => missing.push(json!({ "label": label, "why": why.to_string() })),
        }
    }
    rows.sort_by(|(left, _), (right, _)| left.estimate.total_cmp(&right.estimate));
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|(figure, label)| {
            json!({
                "label": label,
                "nanoseconds": figure.estimate,
                "lower": figure.lower,
                "upper": figure.upper,
                "formatted": number::time(&figure),
            })
        })
        .collect();
    let (name, title) = (chart.name, chart.title);
    let drawn = json!({ "name": name, "title": title, "unit": "ns", "rows": rows, "missing": missing });
    (!rows.is_empty()).then_some(drawn)
}

/// The median of an estimate that belongs to no case.
fn estimate(record: &Record, bench: &str, directory: &str) -> Result<Interval, Missing> {
    let Some(bench) = record.benches.iter().find(|it| it.name == bench) else {
        return Err(Missing::NotMeasured);
    };
    let mut estimates = bench.estimates.iter();
    let found = estimates.find(|(name, _)| {
        let page = name.strip_prefix(directory);
        page.is_some_and(|page| page.is_empty() || page.starts_with('_'))
    });
    match (found, &bench.failed) {
        (Some((_, estimates)), _) => Ok(estimates.median),
        (None, Some(why)) => Err(Missing::Failed(why.clone())),
        (None, None) => Err(Missing::NotYet),
    }
}

/// The chart of a bench that counts requests, in the order of its table.
fn rates(bench: &Bench) -> Option<Value> {
    let rows: Vec<Value> = table::rates_in_order(bench)
        .into_iter()
        .take(MOST_ROWS)
        .map(|(name, [rate, ..])| {
            let label = name.replace(" connections", " at a time");
            json!({ "label": label, "value": rate, "formatted": format!("{rate:.0}") })
        })
        .collect();
    let (name, unit) = (&bench.name, "requests a second");
    let title = "Requests a second, by so many connections at a time";
    let drawn = json!({ "name": name, "title": title, "unit": unit, "rows": rows, "missing": [] });
    (!rows.is_empty()).then_some(drawn)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::matrix::{fixture, questions};

    fn chart<'a>(talk: &'a Value, name: &str) -> &'a Value {
        let charts = talk["charts"].as_array().unwrap();
        charts.iter().find(|chart| chart["name"] == name).unwrap()
    }

    #[test]
    fn figures_are_the_texts_of_the_tables() {
        let mut record = fixture::record();
        let talk = of(&record);
        assert_eq!(talk["record"], "2026-11-22T122031Z");
        assert!(
            talk["machine"].as_str().unwrap().starts_with("Processor 9000, 2 cores"),
            "{talk}"
        );
        let summary = &talk["summary"];
        assert_eq!(summary["columns"][1], "Ruby");
        let hello = json!(["", "470 ns", "140 ns", "230 ns", "260 ns", "2.50 µs"]);
        assert_eq!(
            summary["rows"][0],
            json!({ "label": "Hello World: one line written", "cells": hello })
        );

        let native_c = &talk["verdicts"][5];
        assert_eq!(
            (&native_c["slug"], &native_c["answer"]),
            (&json!("native-c"), &json!("Yes"))
        );
        let text = hypothesis::in_words_about(&record, questions::named("native-c").unwrap());
        for column in ["faster", "than", "times", "verdict"] {
            let shown = native_c["rows"][0][column].as_str().unwrap();
            assert!(text.contains(shown), "{shown} in {text}");
        }
        fixture::skip(&mut record, "htree", "not installed");
        assert_eq!(of(&record)["summary"]["rows"][1]["cells"][1], "none");
    }

    #[test]
    fn charts_are_short_and_sorted_and_name_what_they_lack() {
        let mut record = fixture::record();
        record.benches[0].rates.extend([8, 64, 1].map(|connections| {
            (
                format!("embedded host, {connections} connections"),
                vec![1002.4, 900.0, 1100.0],
            )
        }));
        fixture::skip(&mut record, "rust/native", "no compiler");
        let talk = of(&record);
        for chart in talk["charts"].as_array().unwrap() {
            let rows = chart["rows"].as_array().unwrap();
            assert!((1..=MOST_ROWS).contains(&rows.len()), "{chart}");
            let figures: Vec<f64> = rows.iter().filter_map(|row| row["nanoseconds"].as_f64()).collect();
            assert!(figures.is_sorted(), "{chart}");
            let labels = rows.iter().map(|row| row["label"].as_str().unwrap().chars().count());
            assert!(labels.max() <= Some(28), "{chart}");
        }
        let hello = chart(&talk, "hello");
        let first = &hello["rows"][0];
        assert_eq!(
            (&first["label"], &first["formatted"]),
            (&json!("Wat, by hand"), &json!("230 ns"))
        );
        assert_eq!(
            hello["missing"],
            json!([{ "label": "Rust, native", "why": "left out: no compiler" }])
        );
        // The fixture has no bench of that name, and so no figure.
        assert!(!talk["charts"].to_string().contains("sandbox"));
        let rates = talk["charts"].as_array().unwrap().last().unwrap();
        assert_eq!(rates["unit"], "requests a second");
        assert_eq!(
            rates["rows"][1],
            json!({ "label": "embedded host, 8 at a time", "value": 1002.4, "formatted": "1002" })
        );
    }

    #[test]
    fn an_estimate_is_found_whatever_the_page() {
        let mut record = fixture::record();
        let bench = &mut record.benches[0];
        let estimates = bench.estimates.values().next().unwrap().clone();
        bench
            .estimates
            .insert("extract/native, twice_real page".to_owned(), estimates.clone());
        let name = bench.name.clone();
        assert_eq!(estimate(&record, &name, "extract/native"), Err(Missing::NotYet));
        for directory in [
            "extract/native_real page",
            "extract/native_generated page",
            "extract/native",
        ] {
            let mut record = record.clone();
            record.benches[0]
                .estimates
                .insert(directory.to_owned(), estimates.clone());
            assert_eq!(
                estimate(&record, &name, "extract/native"),
                Ok(estimates.median),
                "{directory}"
            );
        }
    }

    /// A chart names cases and directories that a bench may one day call otherwise.
    #[test]
    fn the_newest_record_has_the_figures_of_every_chart() {
        let records = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/records"));
        let (_, record) = Record::newest(records).unwrap();
        let talk = of(&record);
        // What is newer than the record is measured by the next one.
        let newer = record.case("rust-module/wasmer-cranelift").is_err();
        for name in [
            "hello",
            "start",
            "compile-once",
            "parser",
            "from-ruby",
            "sandbox",
            "load",
        ] {
            let missing = chart(&talk, name)["missing"].as_array().unwrap();
            assert!(missing.is_empty() || newer, "{name}: {missing:?}");
        }
    }
}
