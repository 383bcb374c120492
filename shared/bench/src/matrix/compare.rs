//! Two records side by side: which of their differences are noise.
//!
//! An interval holds what varied within its run. Between two runs more varies: what else the machine did, where the
//! system put the memory, how warm the processor was. How much more is learned from the two records themselves: most
//! figures have no reason to differ, so the spread of all the differences is the spread of noise. A difference is more
//! than noise where the two intervals' ratio excludes 1 and it is three times as far out as that spread. Few figures teach
//! no spread: of those a difference is more where it is beyond [`RUN_TO_RUN`].

use std::collections::BTreeMap;

use crate::cases;
use serde::Serialize;

use crate::matrix::markdown::{self, Align};
use crate::matrix::record::{Bench, Estimates};
use crate::matrix::{Interval, RUN_TO_RUN, Record, figure, number};

/// So many times the noise's spread: of normal noise one figure in 370 is further out.
const BEYOND: f64 = 3.0;

/// From the median of absolute deviations to a normal distribution's standard deviation.
const TO_STANDARD_DEVIATION: f64 = 1.4826;

/// No run repeats itself more exactly than this: a spread learned from few or lucky figures may be smaller.
const LEAST_NOISE: f64 = 0.01;

/// From fewer figures no spread is learned. Then a difference is noise as far as two runs of one machine differ anyhow.
const LEAST_FIGURES: usize = 8;

/// What a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Nothing that another run might not show as well.
    Noise,
    /// The second took less time.
    Faster,
    /// The second took more time.
    Slower,
}

impl Finding {
    fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Faster => "faster",
            Self::Slower => "slower",
        }
    }
}

/// One figure in both records.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The bench and Criterion's name.
    pub name: String,
    /// In the first record: in nanoseconds, or as a multiple of its bench's native row.
    pub before: Interval,
    /// In the second.
    pub after: Interval,
    /// `after / before`, where that has an end.
    pub ratio: Option<Interval>,
    /// What that is.
    pub finding: Finding,
}

/// Two records side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Whether they say that they were measured on the same machine.
    pub same_machine: bool,
    /// Whether times are compared. Those of two machines are not, only multiples of each bench's native row; unless neither
    /// record has such a row, as those of browsers, which can't have any.
    pub times: bool,
    /// What else differs that figures depend on.
    pub conditions: Vec<String>,
    /// How far out a difference has to be, as a part of the figure.
    pub threshold: f64,
    /// Every figure that both have.
    pub differences: Vec<Difference>,
    /// Only the first record has these.
    pub gone: Vec<String>,
    /// Only the second has these.
    pub new: Vec<String>,
}

/// Compares two records.
pub fn compare(before: &Record, after: &Record) -> Comparison {
    let same_machine = before.machine.may_be(&after.machine);
    let compare_times = same_machine || ![before, after].into_iter().any(has_native_row);
    let (first, second) = match compare_times {
        true => (times(before), times(after)),
        false => (multiples(before), multiples(after)),
    };
    let only = |these: &BTreeMap<String, Interval>, those: &BTreeMap<String, Interval>| {
        these
            .keys()
            .filter(|name| !those.contains_key(*name))
            .cloned()
            .collect()
    };
    let both: Vec<(&String, Interval, Interval)> = first
        .iter()
        .filter_map(|(name, before)| Some((name, *before, *second.get(name)?)))
        .collect();
    let threshold = threshold(both.iter().map(|(_, before, after)| after.estimate / before.estimate));
    let differences = both
        .iter()
        .map(|(name, before, after)| {
            let ratio = after.ratio(before);
            Difference {
                name: (*name).clone(),
                before: *before,
                after: *after,
                ratio,
                finding: finding(ratio.as_ref(), threshold),
            }
        })
        .collect();
    Comparison {
        same_machine,
        times: compare_times,
        conditions: conditions(before, after),
        threshold,
        differences,
        gone: only(&first, &second),
        new: only(&second, &first),
    }
}

fn finding(ratio: Option<&Interval>, threshold: f64) -> Finding {
    let beyond = 1.0 + threshold;
    match ratio {
        Some(ratio) if ratio.lower > 1.0 && ratio.estimate > beyond => Finding::Slower,
        Some(ratio) if ratio.upper < 1.0 && ratio.estimate < 1.0 / beyond => Finding::Faster,
        _ => Finding::Noise,
    }
}

/// How far out a ratio has to be, learned from all of them. Logarithms, so that twice and half are equally far.
fn threshold(ratios: impl Iterator<Item = f64>) -> f64 {
    let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
    if logarithms.len() < LEAST_FIGURES {
        return RUN_TO_RUN;
    }
    let middle = median(logarithms.clone());
    let deviations = logarithms.iter().map(|logarithm| (logarithm - middle).abs()).collect();
    let spread = TO_STANDARD_DEVIATION * median(deviations);
    (BEYOND * spread.max(LEAST_NOISE)).exp_m1()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[length / 2],
        length => (values[length / 2 - 1] + values[length / 2]) / 2.0,
    }
}

fn all(record: &Record) -> impl Iterator<Item = (&str, &Estimates)> {
    record.benches.iter().flat_map(|bench| {
        bench
            .estimates
            .values()
            .map(|estimates| (bench.name.as_str(), estimates))
    })
}

/// Every median, by bench and name.
fn times(record: &Record) -> BTreeMap<String, Interval> {
    all(record)
        .map(|(bench, estimates)| (format!("{bench}: {}", estimates.id), estimates.median))
        .collect()
}

/// Every median as a multiple of its bench's native row; a bench without such a row has none.
fn multiples(record: &Record) -> BTreeMap<String, Interval> {
    let reference = |name: &str| native_row(record.benches.iter().find(|bench| bench.name == name)?);
    all(record)
        .filter_map(|(bench, estimates)| {
            let multiple = estimates.median.ratio(&reference(bench)?)?;
            Some((format!("{bench}: {}", estimates.id), multiple))
        })
        .collect()
}

/// The figure of a bench's native case.
fn native_row(bench: &Bench) -> Option<Interval> {
    let native = bench.cases.iter().find(|case| {
        let id = figure::representative(case.row, cases::Column::Rust);
        id == Some(case.id.as_str())
    })?;
    Some(bench.estimates(native, cases::Step::Work)?.median)
}

fn has_native_row(record: &Record) -> bool {
    record.benches.iter().any(|bench| native_row(bench).is_some())
}

/// What differs beside the figures.
fn conditions(before: &Record, after: &Record) -> Vec<String> {
    let mut conditions = Vec::new();
    let mut note = |what: &str, before: &str, after: &str| {
        if before != after {
            conditions.push(format!("{what}: {before}, then {after}"));
        }
    };
    note("machine", &before.machine.in_words(), &after.machine.in_words());
    note("compiler", &before.rustc, &after.rustc);
    let ruby = |record: &Record| record.ruby().map_or("none".to_owned(), |ruby| ruby.description.clone());
    note("Ruby", &ruby(before), &ruby(after));
    let commit = |record: &Record| match &record.commit {
        Some(commit) if commit.changed => format!("{} with changes", commit.id),
        Some(commit) => commit.id.clone(),
        None => "unknown".to_owned(),
    };
    note("commit", &commit(before), &commit(after));
    let kind = |record: &Record| if record.quick { "quick" } else { "full" };
    note("run", kind(before), kind(after));
    let load = |record: &Record| record.load_before.map_or(0.0, |load| load.one);
    if (load(before) - load(after)).abs() > 0.5 {
        note(
            "load before the run",
            &format!("{:.2}", load(before)),
            &format!("{:.2}", load(after)),
        );
    }
    for ((_, case), (_, other)) in before
        .cases()
        .filter_map(|found| Some((found, after.case(&found.1.id).ok()?)))
    {
        if case.engine != other.engine {
            note(&format!("engine of {}", case.id), &case.engine, &other.engine);
        }
    }
    conditions
}

/// The comparison in words: what is no noise first, each with its ratio.
pub fn in_words(comparison: &Comparison) -> String {
    let mut text = String::new();
    text += match (comparison.same_machine, comparison.times) {
        (true, _) => "",
        (false, false) => {
            "These are different machines: times are not compared, only multiples of each bench's native row.\n\n"
        }
        (false, true) => {
            "These are different machines, without a native row to compare with: their times are compared.\n\n"
        }
    };
    for condition in &comparison.conditions {
        text += &format!("- {}\n", markdown::text(condition));
    }
    if !comparison.conditions.is_empty() {
        text += "\n";
    }
    let mut real: Vec<&Difference> = comparison
        .differences
        .iter()
        .filter(|difference| difference.finding != Finding::Noise)
        .collect();
    real.sort_by(|left, right| distance(right).total_cmp(&distance(left)));
    let noise = comparison.differences.len() - real.len();
    let why = match comparison.differences.len() < LEAST_FIGURES {
        true => "as two runs of one machine do".to_owned(),
        false => format!("which is {BEYOND} times the spread of all differences"),
    };
    text += &format!(
        "{} figures in both. {noise} differ by noise alone: their intervals overlap, or they differ by less than {}, \
         {why}. {} differ by more.\n",
        comparison.differences.len(),
        number::percent(comparison.threshold),
        real.len()
    );
    if !real.is_empty() {
        let head = [
            ("figure", Align::Left),
            ("before", Align::Right),
            ("after", Align::Right),
            ("after / before", Align::Right),
            ("", Align::Left),
        ];
        let shown = |interval: &Interval| match comparison.times {
            true => number::time(interval),
            false => number::ratio(interval),
        };
        let rows: Vec<Vec<String>> = real
            .iter()
            .map(|difference| {
                vec![
                    markdown::text(&difference.name),
                    shown(&difference.before),
                    shown(&difference.after),
                    difference
                        .ratio
                        .as_ref()
                        .map_or_else(String::new, number::ratio_with_interval),
                    difference.finding.name().to_owned(),
                ]
            })
            .collect();
        text += &format!("\n{}", markdown::table(&head, &rows));
    }
    for (what, names) in [
        ("Only in the first", &comparison.gone),
        ("Only in the second", &comparison.new),
    ] {
        if !names.is_empty() {
            text += &format!("\n{what}: {}\n", markdown::text(&names.join("; ")));
        }
    }
    text
}

/// How far out a difference is, whichever way.
fn distance(difference: &Difference) -> f64 {
    (difference.after.estimate / difference.before.estimate).ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Step;
    use crate::matrix::fixture;

    /// Two records of one machine, whose figures differ by so little as they do between runs.
    fn pair() -> (Record, Record) {
        let mut before = fixture::record();
        for bench in &mut before.benches {
            for (directory, estimates) in &mut bench.estimates {
                estimates.id = directory.clone();
            }
        }
        let mut after = before.clone();
        let estimates = after.benches.iter_mut().flat_map(|bench| bench.estimates.values_mut());
        for (number, estimates) in estimates.enumerate() {
            let factor = [1.02, 0.985, 1.0, 1.01, 0.97][number % 5];
            estimates.median = fixture::interval(estimates.median.estimate * factor);
        }
        (before, after)
    }

    #[test]
    fn what_differs_as_everything_does_is_noise() {
        let (before, after) = pair();
        let comparison = compare(&before, &after);
        assert!(comparison.same_machine);
        assert!(comparison.differences.len() > 10);
        assert!(
            comparison
                .differences
                .iter()
                .all(|difference| difference.finding == Finding::Noise),
            "{comparison:?}"
        );
        // 0.97 with half a percent to each side excludes 1: it is the threshold that calls it noise.
        assert!(comparison.threshold > 0.03, "{}", comparison.threshold);
    }

    #[test]
    fn what_differs_more_than_everything_is_not() {
        let (before, mut after) = pair();
        fixture::set(&mut after, "htree", Step::Work, fixture::interval(33e6));
        fixture::set(&mut after, "ruby/puts", Step::Work, fixture::interval(900.0));
        let comparison = compare(&before, &after);
        let real: Vec<(&str, Finding)> = comparison
            .differences
            .iter()
            .filter(|difference| difference.finding != Finding::Noise)
            .map(|difference| (difference.name.as_str(), difference.finding))
            .collect();
        assert_eq!(
            real,
            [
                ("hello: ruby_puts/work", Finding::Slower),
                ("parser: htree/work", Finding::Faster)
            ]
        );
        let text = in_words(&comparison);
        assert!(
            text.contains(" 2 differ by more.") && text.contains("faster") && text.contains("slower"),
            "{text}"
        );
    }

    #[test]
    fn a_wide_interval_turns_a_large_difference_into_noise() {
        let (before, mut after) = pair();
        let wide = Interval {
            estimate: 99e6,
            lower: 50e6,
            upper: 150e6,
        };
        fixture::set(&mut after, "htree", Step::Work, wide);
        assert!(
            compare(&before, &after)
                .differences
                .iter()
                .all(|difference| difference.finding == Finding::Noise)
        );
    }

    #[test]
    fn of_two_machines_only_ratios_are_compared() {
        let (before, mut after) = pair();
        after.machine.processor = "Processor 1".to_owned();
        // Half as fast in everything: no ratio differs.
        for estimates in after.benches.iter_mut().flat_map(|bench| bench.estimates.values_mut()) {
            estimates.median = fixture::interval(estimates.median.estimate * 2.0);
        }
        let comparison = compare(&before, &after);
        assert!(!comparison.same_machine);
        assert!(
            comparison
                .differences
                .iter()
                .all(|difference| difference.finding == Finding::Noise),
            "{comparison:?}"
        );
        let text = in_words(&comparison);
        assert!(
            text.contains("different machines") && text.contains("Processor 9000"),
            "{text}"
        );
    }

    #[test]
    fn times_of_two_machines_are_compared_where_there_is_nothing_native() {
        let (mut before, _) = pair();
        for bench in &mut before.benches {
            bench
                .estimates
                .retain(|directory, _| ["ruby_puts/work", "htree/work"].contains(&&**directory));
            bench.cases.clear();
        }
        let mut after = before.clone();
        after.machine.processor = "Processor 1".to_owned();
        for (estimates, factor) in after
            .benches
            .iter_mut()
            .flat_map(|it| it.estimates.values_mut())
            .zip([3.0, 1.02])
        {
            estimates.median = fixture::interval(estimates.median.estimate * factor);
        }
        let comparison = compare(&before, &after);
        assert!(!comparison.same_machine && comparison.times);
        let text = in_words(&comparison);
        assert!(
            text.contains("different machines") && text.contains("their times are compared"),
            "{text}"
        );
        // One of the two is so much slower, and the other as far as runs differ: no spread is learned from two.
        assert!(
            text.contains("| hello: ruby_puts/work ") && text.contains(" 1 differ by more."),
            "{text}"
        );
        assert!(
            text.contains("less than 5.0 %, as two runs of one machine do"),
            "{text}"
        );
    }

    #[test]
    fn what_only_one_has_and_what_else_differs_is_said() {
        let (mut before, mut after) = pair();
        before.benches[0].estimates.insert(
            "old".to_owned(),
            Estimates {
                id: "old".to_owned(),
                ..fixture::estimates(1.0)
            },
        );
        after.benches[0].estimates.insert(
            "new".to_owned(),
            Estimates {
                id: "new".to_owned(),
                ..fixture::estimates(1.0)
            },
        );
        after.rustc = "rustc 1.96.0".to_owned();
        after.benches[0].cases[2].engine = "Wasmer 8".to_owned();
        let text = in_words(&compare(&before, &after));
        for part in [
            "Only in the first: hello: old",
            "Only in the second: hello: new",
            "compiler: rustc 1.95.0, then rustc 1.96.0",
            "engine of wat/wasmer-cranelift: Wasmer 7.4.2, Cranelift, then Wasmer 8",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_record_is_the_same_as_itself() {
        let (before, _) = pair();
        let text = in_words(&compare(&before, &before));
        assert!(text.contains(" 0 differ by more."), "{text}");
    }

    #[test]
    fn records_without_a_common_figure_have_no_difference() {
        let (before, mut after) = pair();
        after.benches.clear();
        let comparison = compare(&before, &after);
        assert!(comparison.differences.is_empty() && !comparison.gone.is_empty());
    }
}
