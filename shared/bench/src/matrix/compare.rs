//! Compares two records: which of their differences are noise?
//!
//! An interval covers the variation within one run. More varies between two runs: other programs, the layout of the
//! memory, the temperature of the processor. The two records show how much: most figures have no reason to differ, so
//! that the spread of all differences is the spread of the noise. A difference is more than noise if the interval of
//! its ratio excludes 1, and if it is more than three times that spread. From few figures no spread can be estimated.
//! Then a difference is more than noise if it is more than [`RUN_TO_RUN`]. Few figures teach
//! no spread: of those a difference is more where it is beyond [`RUN_TO_RUN`].

use std::collections::BTreeMap;

use crate::cases;
use serde::Serialize;

use crate::matrix::markdown::{self, Align};
use crate::matrix::record::{Bench, Estimates};
use crate::matrix::{Interval, RUN_TO_RUN, Record, figure, number};

/// The threshold in standard deviations of the noise: one figure in 370 of normally distributed noise is beyond it.
const THRESHOLD_IN_DEVIATIONS: f64 = 3.0;

/// The factor from the median absolute deviation to the standard deviation of a normal distribution.
const TO_STANDARD_DEVIATION: f64 = 1.4826;

/// The least standard deviation of the noise, relative to a figure: the estimated one can be too small by chance.
const MIN_DEVIATION: f64 = 0.01;

/// The number of figures that is needed to estimate the spread. With fewer the threshold is [`RUN_TO_RUN`].
const MIN_FIGURES: usize = 8;

/// The classification of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The difference is not significant.
    Noise,
    /// The second record's figure is less.
    Faster,
    /// The second record's figure is more.
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

/// A figure that both records have.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The bench and Criterion's name: `parser: htree/work`.
    pub name: String,
    /// The figure in the first record: nanoseconds, or a multiple of the bench's native case.
    pub before: Interval,
    /// The figure in the second record.
    pub after: Interval,
    /// `after / before`; `None` if its interval has no upper limit.
    pub ratio: Option<Interval>,
    /// The classification.
    pub finding: Finding,
}

/// The comparison of two records.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Whether both records describe the same machine.
    pub same_machine: bool,
    /// Whether times are compared. For two machines only multiples of each bench's native case are, unless neither
    /// record has a native case: the records of browsers have none.
    pub times: bool,
    /// The differences in the conditions of the two runs, each as text.
    pub conditions: Vec<String>,
    /// The least relative difference that is more than noise.
    pub threshold: f64,
    /// The figures of both records.
    pub differences: Vec<Difference>,
    /// The names of figures in the first record only.
    pub gone: Vec<String>,
    /// The names of figures in the second record only.
    pub new: Vec<String>,
}

/// Compares two records.
pub fn compare(before: &Record, after: &Record) -> Comparison {
    let same_machine = before.machine.may_equal(&after.machine);
    let compare_times = same_machine || ![before, after].into_iter().any(has_native_case);
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

/// The least relative difference that is more than noise, from all ratios. With logarithms a ratio and its inverse are
/// equally far from 1.
fn threshold(ratios: impl Iterator<Item = f64>) -> f64 {
    let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
    if logarithms.len() < MIN_FIGURES {
        return RUN_TO_RUN;
    }
    let middle = median(logarithms.clone());
    let deviations = logarithms.iter().map(|logarithm| (logarithm - middle).abs()).collect();
    let spread = TO_STANDARD_DEVIATION * median(deviations);
    (THRESHOLD_IN_DEVIATIONS * spread.max(MIN_DEVIATION)).exp_m1()
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

/// The medians by bench and name, in nanoseconds.
fn times(record: &Record) -> BTreeMap<String, Interval> {
    all(record)
        .map(|(bench, estimates)| (format!("{bench}: {}", estimates.id), estimates.median))
        .collect()
}

/// The medians by bench and name, as multiples of the bench's native case. A bench without a native case has none.
fn multiples(record: &Record) -> BTreeMap<String, Interval> {
    let reference = |name: &str| native_case(record.benches.iter().find(|bench| bench.name == name)?);
    all(record)
        .filter_map(|(bench, estimates)| {
            let multiple = estimates.median.ratio(&reference(bench)?)?;
            Some((format!("{bench}: {}", estimates.id), multiple))
        })
        .collect()
}

/// The figure of a bench's native case, in nanoseconds.
fn native_case(bench: &Bench) -> Option<Interval> {
    let native = bench.cases.iter().find(|case| {
        let id = figure::representative(case.row, cases::Column::Rust);
        id == Some(case.id.as_str())
    })?;
    Some(bench.estimates(native, cases::Step::Work)?.median)
}

fn has_native_case(record: &Record) -> bool {
    record.benches.iter().any(|bench| native_case(bench).is_some())
}

/// The differences in the conditions of the two runs.
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

/// The comparison as Markdown: the differences that are more than noise, the largest first.
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
    let why = match comparison.differences.len() < MIN_FIGURES {
        true => "as two runs of one machine do".to_owned(),
        false => format!("which is {THRESHOLD_IN_DEVIATIONS} times the spread of all differences"),
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

/// The size of a difference, for sorting: a ratio and its inverse have the same.
fn distance(difference: &Difference) -> f64 {
    (difference.after.estimate / difference.before.estimate).ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Step;
    use crate::matrix::fixture;

    /// Two records of one machine, whose figures differ only by noise.
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
    fn a_difference_within_the_spread_is_noise() {
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
        // The interval of 0.97 ± 0.5 % excludes 1. So the threshold makes it noise.
        assert!(comparison.threshold > 0.03, "{}", comparison.threshold);
    }

    #[test]
    fn a_difference_beyond_the_spread_is_no_noise() {
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
        // All figures are twice as long, so that no ratio differs.
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
    fn times_of_two_machines_are_compared_without_a_native_case() {
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
        // One figure is three times as long, the other differs as two runs do. No spread is estimated from two figures.
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
    fn figures_of_one_record_and_other_conditions_are_listed() {
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
