//! The tables: the talk's matrix, and a bench's cases, steps and rates.

use std::collections::BTreeSet;

use crate::cases::{Case, Column, Model, Row, Step};

use crate::matrix::figure::{self, Missing};
use crate::matrix::markdown::{self, Align};
use crate::matrix::record::Bench;
use crate::matrix::{Interval, Record, number};

/// The columns of the talk's matrix, then the other columns that run in WebAssembly.
pub(crate) const COLUMNS: [Column; 6] = [
    Column::NativeC,
    Column::Ruby,
    Column::Rust,
    Column::Wat,
    Column::RustInWasm,
    Column::RubyInWasm,
];

/// The model of all cases in the matrix.
pub(crate) const MODEL: Model = Model::Call;

/// The rows of the matrix.
pub(crate) const ROWS: [Row; 2] = [Row::HelloWorld, Row::HtmlParser];

/// The work that each figure is the time of.
const UNIT: &str = "one unit of work, in a warm call";

/// The text of a place without a case: there is no parser written by hand in Wat, and no Hello World in C.
const NO_CASE: &str = "";

/// One place of the matrix.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The kind of work.
    pub row: Row,
    /// The implementation.
    pub column: Column,
    /// The id of the case that is shown here.
    pub id: &'static str,
    /// That case with its figure, or why the figure is missing.
    pub figure: Result<(&'a Case, Interval), Missing>,
}

/// All places of the matrix that have a case, row by row.
pub fn places(record: &Record) -> Vec<Place<'_>> {
    let all = ROWS
        .iter()
        .flat_map(|row| COLUMNS.iter().map(move |column| (*row, *column)));
    all.filter_map(|(row, column)| {
        let id = figure::representative(row, column)?;
        let of = |id: &str| Ok((record.case_of(MODEL, id)?.1, record.figure(id, Step::Work)?));
        let figure = of(id).or_else(|missing| match missing {
            // An older record can have other ids: then the first case of this place is shown, with its label.
            Missing::NotMeasured | Missing::NotYet => {
                let other = record
                    .cases()
                    .find(|(_, case)| (case.row, case.column, case.model) == (row, column, MODEL));
                other.map_or(Err(missing), |(_, case)| of(&case.id))
            }
            missing => Err(missing),
        });
        Some(Place {
            row,
            column,
            id,
            figure,
        })
    })
    .collect()
}

/// The rows of the talk's matrix as texts: the head of each, and a text for each of [`COLUMNS`].
pub(crate) fn summary_rows(record: &Record) -> Vec<(String, [String; 6])> {
    let places = places(record);
    let text = |row: Row, column: Column| {
        let place = places.iter().find(|place| place.row == row && place.column == column);
        match place.map(|place| &place.figure) {
            None => NO_CASE.to_owned(),
            Some(Ok((_, figure))) => number::time(figure),
            Some(Err(_)) => "none".to_owned(),
        }
    };
    ROWS.iter()
        .map(|row| (with_unit(*row), COLUMNS.map(|column| text(*row, column))))
        .collect()
}

/// The talk's matrix: the time of one unit of work in a warm call.
pub fn summary(record: &Record) -> String {
    let places = places(record);
    let mut head = vec![(UNIT, Align::Left)];
    head.extend(COLUMNS.iter().map(|column| (column.name(), Align::Right)));
    let rows: Vec<Vec<String>> = summary_rows(record)
        .into_iter()
        .map(|(head, texts)| [head].into_iter().chain(texts).collect())
        .collect();

    let mut text = markdown::table(&head, &rows);
    text += "\nWhat stands there, each loaded beforehand and warm:\n\n";
    for place in &places {
        let (label, engine) = match &place.figure {
            Ok((case, _)) => (markdown::text(&case.label), markdown::text(&engine(case))),
            Err(missing) => (
                format!("`{}`", place.id),
                format!("no figure, {}", markdown::text(&missing.to_string())),
            ),
        };
        text += &format!("- {}, {}: {label} ({engine})\n", place.row, place.column);
    }
    text
}

/// A row's name with the unit of its work.
fn with_unit(row: Row) -> String {
    format!("{row}: {}", row.unit())
}

/// The cases of a bench, one table for each row, with the versions and the skipped cases.
pub fn cases(bench: &Bench) -> String {
    let columns = [Step::Setup, Step::Start, Step::Work];
    let tables = by_row(bench, |row, cases| {
        let native = figure::representative(row, Column::Rust)
            .and_then(|id| cases.iter().find(|case| case.id == id))
            .and_then(|case| Some((case.model, bench.estimates(case, Step::Work)?)));
        let mut head = vec![("case", Align::Left), ("model", Align::Left), ("engine", Align::Left)];
        head.extend(columns.map(|step| (step.name(), Align::Right)));
        head.extend([("guest", Align::Right), ("compiled", Align::Right)]);
        if native.is_some() {
            head.push(("against native Rust", Align::Right));
        }
        let rows: Vec<Vec<String>> = cases
            .iter()
            .map(|case| {
                let mut line = vec![
                    markdown::text(&case.label),
                    case.model.to_string(),
                    markdown::text(&engine(case)),
                ];
                line.extend(columns.map(|step| time(bench, case, step)));
                line.extend([case.guest_bytes, case.compiled_bytes].map(size));
                if let Some((model, native)) = native {
                    let work = bench.estimates(case, Step::Work).filter(|_| case.model == model);
                    let ratio = work.and_then(|work| work.median.ratio(&native.median));
                    line.push(ratio.as_ref().map_or_else(String::new, number::ratio));
                }
                line
            })
            .collect();
        markdown::table(&head, &rows)
    });
    let others = [versions(bench), skipped(bench)];
    let sections: Vec<String> = [tables]
        .into_iter()
        .chain(others)
        .filter(|text| !text.is_empty())
        .collect();
    sections.join("\n")
}

/// A case's engine, with the version of Ruby if it needs Ruby.
fn engine(case: &Case) -> String {
    match case.versions.get("ruby") {
        // The first words of Ruby's description are its version.
        Some(ruby) => {
            let version = ruby.split(" (").next().unwrap_or(ruby);
            format!("{} ({version})", case.engine)
        }
        None => case.engine.clone(),
    }
}

/// The versions of all cases, each once.
fn versions(bench: &Bench) -> String {
    let all: BTreeSet<(&String, &String)> = bench.cases.iter().flat_map(|case| &case.versions).collect();
    let all: Vec<String> = all
        .iter()
        .map(|(name, version)| markdown::text(&format!("{name} {version}")))
        .collect();
    match all.is_empty() {
        true => String::new(),
        false => format!("Versions: {}.\n", all.join("; ")),
    }
}

/// The steps of all cases that have more than one.
pub fn steps(bench: &Bench) -> String {
    by_row(bench, |_, cases| {
        let used = |step: &&Step| cases.iter().any(|case| case.steps.contains_key(step));
        let steps: Vec<Step> = Step::ALL.iter().filter(used).copied().collect();
        let mut head = vec![("case", Align::Left)];
        head.extend(steps.iter().map(|step| (step.name(), Align::Right)));
        let rows: Vec<Vec<String>> = cases
            .iter()
            .filter(|case| case.steps.len() > 1)
            .map(|case| {
                let figures = steps.iter().map(|step| time(bench, case, *step));
                [markdown::text(&case.label)].into_iter().chain(figures).collect()
            })
            .collect();
        match rows.is_empty() {
            true => String::new(),
            false => markdown::table(&head, &rows),
        }
    })
}

/// A bench's requests a second.
pub fn rates(bench: &Bench) -> String {
    let head = [
        ("answered by, over connections", Align::Left),
        ("requests a second", Align::Right),
        ("least", Align::Right),
        ("most", Align::Right),
    ];
    let rows: Vec<Vec<String>> = rates_in_order(bench)
        .into_iter()
        .map(|(name, shown)| {
            let shown = shown.map(|rate| format!("{rate:.0}"));
            [markdown::text(name)].into_iter().chain(shown).collect()
        })
        .collect();
    markdown::table(&head, &rows)
}

/// The name of each rate, with the requests a second of the median, the worst and the best round.
pub(crate) fn rates_in_order(bench: &Bench) -> Vec<(&str, [f64; 3])> {
    let mut rates: Vec<(&String, &Vec<f64>)> = bench.rates.iter().collect();
    rates.sort_by_key(|(name, _)| by_number(name));
    rates
        .into_iter()
        .filter_map(|(name, rounds)| {
            let mut rounds = rounds.clone();
            rounds.sort_by(f64::total_cmp);
            Some((
                name.as_str(),
                [*rounds.get(rounds.len() / 2)?, *rounds.first()?, *rounds.last()?],
            ))
        })
        .collect()
}

/// A key for sorting names by their numbers: 8 connections before 64.
fn by_number(name: &str) -> String {
    let words = name.split(' ');
    let padded = words.map(|word| match word.parse::<u64>() {
        Ok(number) => format!("{number:020}"),
        Err(_) => word.to_owned(),
    });
    padded.collect::<Vec<_>>().join(" ")
}

/// The skipped cases with their reasons.
fn skipped(bench: &Bench) -> String {
    let lines: String = bench
        .skipped
        .iter()
        .map(|skipped| {
            let [label, why] = [&skipped.label, &skipped.why].map(|text| markdown::text(text));
            format!("- {label}: {why}\n")
        })
        .collect();
    match lines.is_empty() {
        true => lines,
        false => format!("Left out:\n\n{lines}"),
    }
}

/// A section for each row that the bench has cases of.
fn by_row(bench: &Bench, section: impl Fn(Row, &[&Case]) -> String) -> String {
    let mut sections = Vec::new();
    for row in Row::ALL {
        let cases: Vec<&Case> = bench.cases.iter().filter(|case| case.row == *row).collect();
        let text = match cases.is_empty() {
            true => String::new(),
            false => section(*row, &cases),
        };
        if !text.is_empty() {
            sections.push(format!("**{}**\n\n{text}", with_unit(*row)));
        }
    }
    sections.join("\n")
}

fn time(bench: &Bench, case: &Case, step: Step) -> String {
    let estimates = bench.estimates(case, step);
    estimates.map_or_else(String::new, |estimates| number::time(&estimates.median))
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(String::new, number::size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    #[test]
    fn the_matrix_has_a_figure_for_every_case() {
        let text = summary(&fixture::record());
        let hello = text.lines().find(|line| line.starts_with("| Hello World")).unwrap();
        let figures: Vec<&str> = hello.split('|').map(str::trim).collect();
        assert_eq!(
            figures[1..7],
            [
                "Hello World: one line written",
                "",
                "470 ns",
                "140 ns",
                "230 ns",
                "260 ns"
            ],
            "{text}"
        );
        let parser = text.lines().find(|line| line.starts_with("| HTML Parser")).unwrap();
        assert!(parser.contains("8.50 ms") && parser.contains("66.0 ms"), "{text}");
    }

    #[test]
    fn a_case_without_a_figure_has_a_reason() {
        let mut record = fixture::record();
        fixture::skip(
            &mut record,
            "nokogiri/html5",
            "Nokogiri isn't installed; `cargo xtask setup`",
        );
        let text = summary(&record);
        let parser = text.lines().find(|line| line.starts_with("| HTML Parser")).unwrap();
        assert!(parser.contains("none") && !parser.contains("8.50 ms"), "{text}");
        assert!(
            text.contains("HTML Parser, Native C: `nokogiri/html5` (no figure, left out: Nokogiri isn't installed")
        );
        let cases = cases(fixture::bench(&record, "parser"));
        assert!(
            cases.contains("Left out:\n\n- nokogiri/html5: Nokogiri isn't"),
            "{cases}"
        );
        assert!(!cases.contains("8.50 ms"), "{cases}");
    }

    #[test]
    fn a_run_of_one_bench_renders_what_it_has() {
        let mut record = fixture::record();
        record.benches.retain(|bench| bench.name == "hello");
        record.all_benches = false;
        let text = summary(&record);
        assert!(
            text.contains("230 ns") && text.contains("not measured in this run"),
            "{text}"
        );
    }

    #[test]
    fn the_matrix_has_warm_calls_alone_and_says_so_in_its_head() {
        let mut record = fixture::record();
        let head = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        assert!(
            head(&summary(&record)).contains("one unit of work, in a warm call"),
            "{record:?}"
        );
        // The only other guest compiled from Rust has the model `start`, so that the matrix can't show it.
        record.benches[0]
            .cases
            .retain(|case| case.id != "rust-module/wasmer-cranelift");
        let text = summary(&record);
        assert!(!text.contains("320 ns"), "{text}");
        assert!(
            text.contains("Wasm (Rust): `rust-module/wasmer-cranelift` (no figure, not measured yet)"),
            "{text}"
        );
    }

    #[test]
    fn only_cases_of_the_native_cases_model_are_compared_with_it() {
        let text = cases(fixture::bench(&fixture::record(), "hello"));
        let line = |id: &str| text.lines().find(|line| line.contains(id)).unwrap().to_owned();
        assert!(line("rust-module/wasmer-cranelift").contains("| call "), "{text}");
        assert!(line("rust-module/wasmer-cranelift").contains("1.86 ×"), "{text}");
        assert!(line("rust/wasmer-cranelift").contains("| start "), "{text}");
        assert!(!line("rust/wasmer-cranelift").contains('×'), "{text}");
    }

    #[test]
    fn each_case_has_its_steps_sizes_and_ratio() {
        let record = fixture::record();
        let text = cases(fixture::bench(&record, "hello"));
        let wat = text
            .lines()
            .find(|line| line.contains("| wat/wasmer-cranelift"))
            .unwrap();
        for part in [
            "Wasmer 7.4.2, Cranelift",
            "480 µs",
            "30.0 µs",
            "230 ns",
            "240 B",
            "1.64 ×",
        ] {
            assert!(wat.contains(part), "{part} in {wat}");
        }
        assert!(
            text.contains("**Process start: one process, from its start to its end**"),
            "{text}"
        );
    }

    #[test]
    fn versions_are_listed_once_and_rubys_also_beside_the_engine() {
        let mut record = fixture::record();
        for case in &mut record.benches[0].cases {
            let ruby = "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]";
            case.versions.insert("ruby".to_owned(), ruby.to_owned());
        }
        let text = cases(&record.benches[0]);
        assert!(text.contains("| CRuby 3.1.2 (ruby 3.1.2p20)"), "{text}");
        assert_eq!(text.matches("revision").count(), 1, "{text}");
    }

    #[test]
    fn the_table_has_a_column_for_each_step_of_its_cases() {
        let record = fixture::record();
        let text = steps(fixture::bench(&record, "hello"));
        let head = text.lines().find(|line| line.contains("case")).unwrap();
        assert!(
            head.contains("setup") && head.contains("work") && !head.contains("assemble"),
            "{head}"
        );
        assert!(!text.contains("rust/native"), "its only step is the work: {text}");
    }

    #[test]
    fn labels_can_not_break_a_table() {
        let mut record = fixture::record();
        record.benches[0].cases[0].label = "a | b <!-- end -->".to_owned();
        let text = cases(&record.benches[0]);
        assert!(text.contains(r"a \| b &lt;!-- end -->"), "{text}");
    }

    #[test]
    fn rates_show_the_median_the_least_and_the_most() {
        let mut record = fixture::record();
        record.benches[0]
            .rates
            .insert("native/8".to_owned(), vec![1002.4, 900.0, 1100.0]);
        let text = rates(&record.benches[0]);
        let line = text.lines().last().unwrap();
        let figures: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(figures[1..5], ["native/8", "1002", "900", "1100"]);
    }

    #[test]
    fn rates_come_in_the_order_of_their_numbers() {
        let mut record = fixture::record();
        for connections in [64, 1, 8] {
            let name = format!("native, {connections} connections");
            record.benches[0].rates.insert(name, vec![1.0]);
        }
        let text = rates(&record.benches[0]);
        let places = ["native, 1 ", "native, 8 ", "native, 64 "].map(|name| text.find(name).unwrap());
        assert!(places.is_sorted(), "{text}");
    }
}
