//! All complete records in order: which figure changed from one to the next?
//!
//! The exact figures are equal on every machine, so that each change of them is one of the guest. Times are not
//! comparable to a digit, and not at all between two machines; [`crate::matrix::compare`] says which differences of two
//! records are noise.

use std::collections::BTreeSet;

use serde::Serialize;
use system::command_line::thousands;

use crate::cases::Step;
use crate::exact::{Column, Counts};
use crate::matrix::machine::{Commit, Machine};
use crate::matrix::markdown::{self, Align};
use crate::matrix::{Interval, Record, figure, number, part, table};

/// A change of so many percent or less is not shown.
const UNSEEN_PERCENT: f64 = 1.0;

const NOTE: &str = "Exact figures depend neither on the machine nor on the hour, so that each change is one of the guest. \
                    Times are not comparable to a digit: they depend on the machine, its load and the hour, so that no \
                    change is given between two machines.";

/// The figures of several records.
#[derive(Clone, Debug, Serialize)]
pub struct Trend {
    /// Which of the figures can be compared, as text.
    pub note: &'static str,
    /// The records, the oldest first.
    pub records: Vec<Run>,
    /// The counts of each guest.
    pub exact_figures: Vec<Series<u64>>,
    /// The SHA-256 of each guest, in hexadecimal.
    pub modules: Vec<Series<String>>,
    /// The time of one unit of work of each case in the matrix, in nanoseconds.
    pub times: Vec<Series<Interval>>,
}

/// The conditions of one record.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The record's name.
    pub record: String,
    /// The machine.
    pub machine: Machine,
    /// The commit; `None` outside of a checkout.
    pub commit: Option<Commit>,
    /// When, where and with what it was measured, as text.
    #[serde(skip)]
    pub in_words: String,
}

/// One figure of all records.
#[derive(Clone, Debug, Serialize)]
pub struct Series<T> {
    /// What the figure is of.
    pub name: String,
    /// The values, one for each record; `None` if the record does not have the figure.
    pub values: Vec<Option<T>>,
}

impl<T> Series<T> {
    fn new(name: String, records: &[Record], value: impl Fn(&Record) -> Option<T>) -> Self {
        Self {
            name,
            values: records.iter().map(value).collect(),
        }
    }

    /// The row of a table. `change` gets two records that have the figure, and none between them has it.
    fn row(
        &self,
        shown: impl Fn(&T) -> String,
        change: impl Fn((usize, &T), (usize, &T)) -> Option<String>,
    ) -> Vec<String> {
        let mut row = vec![markdown::text(&self.name)];
        let mut before = None;
        for (record, value) in self.values.iter().enumerate() {
            let Some(value) = value else {
                row.push(String::new());
                continue;
            };
            let now = (record, value);
            row.push(match before.and_then(|before| change(before, now)) {
                Some(change) => format!("{} ({change})", shown(value)),
                None => shown(value),
            });
            before = Some(now);
        }
        row
    }
}

/// The figures of records, which are the oldest first.
pub fn of(records: &[Record]) -> Trend {
    let guests: BTreeSet<(&String, &String)> = records
        .iter()
        .flat_map(|record| &record.exact_figures)
        .flat_map(|(name, figures)| figures.0.keys().map(move |guest| (name, guest)))
        .collect();
    let mut exact_figures = Vec::new();
    let mut modules = Vec::new();
    for (name, guest) in guests {
        fn counts<'a>(record: &'a Record, name: &str, guest: &str) -> Option<&'a Counts> {
            record.exact_figures.get(name)?.0.get(guest)
        }
        for Column { heading, value, .. } in Counts::COLUMNS {
            let of_column = |record: &Record| counts(record, name, guest).and_then(value);
            let series = Series::new(format!("{name}, {guest}: {heading}"), records, of_column);
            // A count that this guest does not have in any record is no row.
            if series.values.iter().any(Option::is_some) {
                exact_figures.push(series);
            }
        }
        let of_module = |record: &Record| Some(counts(record, name, guest)?.sha256.clone());
        modules.push(Series::new(format!("{name}, {guest}: SHA-256"), records, of_module));
    }
    Trend {
        note: NOTE,
        records: records
            .iter()
            .map(|record| Run {
                record: record.name(),
                machine: record.machine.clone(),
                commit: record.commit.clone(),
                in_words: part::run(record),
            })
            .collect(),
        exact_figures,
        modules,
        times: times(records),
    }
}

/// The times of the matrix. A case that no record has is left out.
fn times(records: &[Record]) -> Vec<Series<Interval>> {
    let places = table::ROWS
        .iter()
        .flat_map(|row| table::COLUMNS.iter().map(move |column| (*row, *column)));
    places
        .filter_map(|(row, column)| {
            let id = figure::representative(row, column)?;
            // Only this case: the matrix of an older record can show another one at its place.
            let work = |record: &Record| {
                record.case_of(table::MODEL, id).ok()?;
                record.figure(id, Step::Work).ok()
            };
            Some(Series::new(format!("{row}, {column}: {id}"), records, work))
        })
        .filter(|series| series.values.iter().any(Option::is_some))
        .collect()
}

/// The relative change of a figure in percent, with its sign; `None` if it is small.
fn change(before: f64, now: f64) -> Option<String> {
    if !is_seen(before, now) {
        return None;
    }
    if before == 0.0 {
        return Some("from 0".to_owned());
    }
    let sign = if now > before { '+' } else { '−' };
    Some(format!("{sign}{}", number::percent((now - before).abs() / before)))
}

/// Whether a change is large enough to be shown.
pub(crate) fn is_seen(before: f64, now: f64) -> bool {
    // Multiplied, because a quotient of two counts is rounded.
    (now - before).abs() * 100.0 > before * UNSEEN_PERCENT
}

/// The figures as Markdown: one row for each figure, one column for each record.
pub fn in_words(trend: &Trend) -> String {
    let count = match trend.records.len() {
        1 => "one record".to_owned(),
        count => format!("{count} records"),
    };
    let runs: String = trend
        .records
        .iter()
        .map(|run| format!("- {}: {}", run.record, run.in_words))
        .collect();
    let exact = trend.exact_figures.iter().map(|series| {
        series.row(
            |value| thousands(*value),
            |(_, before), (_, now)| change(*before as f64, *now as f64),
        )
    });
    let modules = trend.modules.iter().map(|series| {
        series.row(
            |sha256| format!("`{}…`", sha256.get(..12).unwrap_or(sha256)),
            |(_, before), (_, now)| (before != now).then(|| "changed".to_owned()),
        )
    });
    let times = trend.times.iter().map(|series| {
        series.row(number::time, |(first, before), (second, now)| {
            let machine = |record: usize| &trend.records[record].machine;
            let same = machine(first).may_equal(machine(second));
            change(before.estimate, now.estimate).filter(|_| same)
        })
    });
    let exact = match trend.exact_figures.is_empty() {
        true => "No complete record has exact figures yet; `cargo xtask bench` makes one that has.\n".to_owned(),
        false => columns(trend, "figure", exact.chain(modules)),
    };
    format!(
        "# The trend of {count}\n\n{runs}\n{} In parentheses is a change by more than {UNSEEN_PERCENT} %, since the last \
         record before that has the figure.\n\n## Exact figures\n\n{exact}\n## Times of one unit of work, in a warm call\n\n{}",
        trend.note,
        columns(trend, "case", times)
    )
}

/// A table with a column for each record.
fn columns(trend: &Trend, head: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut heads = vec![(head, Align::Left)];
    heads.extend(trend.records.iter().map(|run| (run.record.as_str(), Align::Right)));
    markdown::table(&heads, &rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    /// A record of one hour, whose guest executes so many instructions; `None` is a record without exact figures.
    fn record(hour: u32, instructions: Option<u64>) -> Record {
        let mut record = fixture::record();
        record.recorded_at = format!("2026-11-22T{hour:02}:00:00Z").parse().unwrap();
        record.exact_figures = instructions
            .map(|instructions| ("ex1-hello".to_owned(), fixture::exact_figures(instructions)))
            .into_iter()
            .collect();
        record
    }

    /// The cells of the row with this begin, without the first.
    fn cells(text: &str, begin: &str) -> Vec<String> {
        let line = text.lines().find(|line| line.starts_with(&format!("| {begin} ")));
        let line = line.unwrap_or_else(|| panic!("{begin} in {text}"));
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        cells[2..cells.len() - 1].to_vec()
    }

    const INSTRUCTIONS: &str = "ex1-hello, written by hand: instructions to work";
    const NATIVE: &str = "Hello World, Rust: rust/native";

    #[test]
    fn each_record_has_a_column_and_a_change_is_in_percent() {
        let records = [(1, 10_000), (2, 10_100), (3, 10_202), (4, 5_000)];
        let records = records.map(|(hour, instructions)| record(hour, Some(instructions)));
        let text = in_words(&of(&records));
        assert_eq!(cells(&text, "figure")[0], "2026-11-22T010000Z");
        // 10,100 is one percent more, and 10,202 a little more than one percent.
        assert_eq!(
            cells(&text, INSTRUCTIONS),
            ["10,000", "10,100", "10,202 (+1.0 %)", "5,000 (−51 %)"]
        );
        assert_eq!(cells(&text, "ex1-hello, written by hand: calls of the host"), ["1"; 4]);
    }

    #[test]
    fn a_record_without_a_figure_has_an_empty_cell_and_the_change_is_since_the_last_that_has_it() {
        let records = [
            record(1, None),
            record(2, Some(100)),
            record(3, None),
            record(4, Some(200)),
        ];
        let text = in_words(&of(&records));
        assert_eq!(cells(&text, INSTRUCTIONS), ["", "100", "", "200 (+100 %)"]);
    }

    #[test]
    fn without_exact_figures_the_next_step_is_named_and_a_single_record_has_no_change() {
        let text = in_words(&of(&[record(1, None)]));
        assert!(text.contains("# The trend of one record\n"), "{text}");
        assert!(text.contains("`cargo xtask bench` makes one that has"), "{text}");
        assert_eq!(cells(&text, NATIVE), ["140 ns"]);
        assert_eq!(cells(&in_words(&of(&[record(1, Some(4))])), INSTRUCTIONS), ["4"]);
    }

    #[test]
    fn a_change_from_nothing_has_no_percentage_and_another_module_is_called_changed() {
        let mut after = record(2, Some(4));
        let counts = after
            .exact_figures
            .get_mut("ex1-hello")
            .unwrap()
            .0
            .get_mut("written by hand");
        let counts = counts.unwrap();
        counts.bytes_in = 7;
        counts.sha256 = "0123456789abcdef".to_owned();
        let text = in_words(&of(&[record(1, Some(4)), after]));
        let of_guest = |what: &str| cells(&text, &format!("ex1-hello, written by hand: {what}"));
        assert_eq!(of_guest("bytes in"), ["0", "7 (from 0)"]);
        assert_eq!(of_guest("SHA-256"), ["`ca93b9817403…`", "`0123456789ab…` (changed)"]);
    }

    #[test]
    fn times_are_compared_on_one_machine_only_and_never_to_a_digit() {
        let slower = |hour: u32, nanoseconds: f64| {
            let mut record = record(hour, None);
            fixture::set(&mut record, "rust/native", Step::Work, fixture::interval(nanoseconds));
            record
        };
        let mut other = slower(3, 420.0);
        other.machine.processor = "Processor 1".to_owned();
        let text = in_words(&of(&[slower(1, 140.0), slower(2, 154.0), other]));
        assert_eq!(cells(&text, NATIVE), ["140 ns", "154 ns (+10 %)", "420 ns"]);
        assert_eq!(text.matches("not comparable to a digit").count(), 1, "{text}");
    }

    #[test]
    fn a_case_that_no_record_has_is_left_out_and_a_skipped_one_is_empty() {
        let mut skipped = record(2, None);
        fixture::skip(&mut skipped, "htree", "not installed");
        let text = in_words(&of(&[record(1, None), skipped.clone()]));
        assert_eq!(cells(&text, "HTML Parser, Ruby: htree"), ["66.0 ms", ""]);
        assert!(!in_words(&of(&[skipped])).contains("htree |"));
    }

    #[test]
    fn json_has_numbers_and_nothing_for_a_missing_figure() {
        let trend = serde_json::to_value(of(&[record(1, None), record(2, Some(4))])).unwrap();
        let series = |kind: &str, name: &str| {
            let all = trend[kind].as_array().unwrap();
            all.iter().find(|series| series["name"] == name).unwrap()["values"].clone()
        };
        assert_eq!(series("exact_figures", INSTRUCTIONS), serde_json::json!([null, 4]));
        assert_eq!(series("times", NATIVE)[1]["estimate"], 140.0);
        assert_eq!(trend["records"][1]["record"], "2026-11-22T020000Z");
        assert!(trend["note"].as_str().unwrap().contains("not comparable to a digit"));
    }
}
