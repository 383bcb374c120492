//! The talk's questions, each answered from a record.
//!
//! A question is answered by one comparison or several. A comparison is a ratio of two figures of one run, and its
//! verdict is `yes` or `no` only where the whole interval of the ratio says so, with [`RUN_TO_RUN`] to spare.

use std::fmt;

use crate::cases::Step;
use serde::Serialize;

use crate::matrix::figure::Missing;
use crate::matrix::markdown::{self, Align};
use crate::matrix::record::Bench;
use crate::matrix::{Interval, RUN_TO_RUN, Record, number};

/// What the figures say to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// They say so.
    Yes,
    /// They say the contrary.
    No,
    /// They don't say.
    #[serde(rename = "not distinguishable")]
    NotDistinguishable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotDistinguishable => "not distinguishable",
        })
    }
}

impl Verdict {
    /// Whether something is faster than another, where `ratio` is the other's time divided by its own.
    pub fn of(ratio: Option<&Interval>) -> Self {
        match ratio {
            Some(ratio) if ratio.lower > 1.0 + RUN_TO_RUN => Self::Yes,
            Some(ratio) if ratio.upper < 1.0 / (1.0 + RUN_TO_RUN) => Self::No,
            _ => Self::NotDistinguishable,
        }
    }
}

/// How many of the comparisons have to say yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One: the question asks whether something can be.
    Any,
    /// Each: the question asks whether something is so.
    Every,
}

impl Rule {
    fn verdict(self, verdicts: &[Verdict]) -> Verdict {
        let (decides, otherwise) = match self {
            Self::Any => (Verdict::Yes, Verdict::No),
            Self::Every => (Verdict::No, Verdict::Yes),
        };
        if verdicts.contains(&decides) {
            decides
        } else if verdicts.iter().all(|verdict| *verdict == otherwise) {
            otherwise
        } else {
            Verdict::NotDistinguishable
        }
    }
}

/// A case and one of its steps.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The case's id.
    pub id: &'static str,
    /// The step.
    pub step: Step,
    /// What that is, as a part of a sentence.
    pub what: &'static str,
}

/// Whether the first is faster than the second.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// What may be faster.
    pub faster: Side,
    /// Than what.
    pub slower: Side,
}

/// A question of the talk.
#[derive(Clone, Copy, Debug)]
pub struct Hypothesis {
    /// As the talk asks it.
    pub question: &'static str,
    /// When the answer is yes.
    pub rule: Rule,
    /// What answers it.
    pub comparisons: &'static [Comparison],
}

const fn work(id: &'static str, what: &'static str) -> Side {
    Side {
        id,
        step: Step::Work,
        what,
    }
}

const fn start(id: &'static str, what: &'static str) -> Side {
    Side {
        id,
        step: Step::Start,
        what,
    }
}

/// The talk's questions, in its order, and after them the gem's.
pub const ALL: [Hypothesis; 7] = [
    Hypothesis {
        question: "Can Wasm print Hello World faster than the Ruby VM itself, with the VM preloaded?",
        rule: Rule::Any,
        comparisons: &[
            Comparison {
                faster: work("wat/wasmer-cranelift", "a warm call of the module written by hand"),
                slower: work("ruby/puts", "`puts` in the loaded VM, same sink and sync"),
            },
            Comparison {
                faster: work("rust/wasmer-cranelift", "a warm call of the guest compiled from Rust"),
                slower: work("ruby/puts", "`puts` in the loaded VM, same sink and sync"),
            },
        ],
    },
    Hypothesis {
        question: "Can a compiled guest print it faster than one written by hand in Wat?",
        rule: Rule::Any,
        comparisons: &[Comparison {
            faster: work("rust/wasmer-cranelift", "a warm call of the guest compiled from Rust"),
            slower: work("wat/wasmer-cranelift", "a warm call of the module written by hand"),
        }],
    },
    Hypothesis {
        question: "Is a smaller binary a faster start?",
        rule: Rule::Every,
        comparisons: &[
            Comparison {
                faster: start("wat/wasmer-cranelift", "starting the module written by hand"),
                slower: start("rust/wasmer-cranelift", "starting the guest compiled from Rust"),
            },
            Comparison {
                faster: start("stream/wasmer-cranelift", "starting the parser without a tree"),
                slower: start("dom/wasmer-cranelift", "starting the parser with a tree"),
            },
        ],
    },
    Hypothesis {
        question: "Does loading the heavy parts beforehand pay?",
        rule: Rule::Every,
        comparisons: &[
            Comparison {
                faster: work("wat/wasmer-cranelift", "a warm call of the module written by hand"),
                slower: start("wat/wasmer-cranelift", "its start from cached code, call included"),
            },
            Comparison {
                faster: work("ruby/puts", "`puts` in the loaded VM"),
                slower: start("ruby/process", "a process of Ruby's that says the line"),
            },
        ],
    },
    Hypothesis {
        question: "Is HTML parsing faster in a compiled language than in pure Ruby?",
        rule: Rule::Every,
        comparisons: &[
            Comparison {
                faster: work("stream/native", "Rust, native"),
                slower: work("htree", "HTree"),
            },
            Comparison {
                faster: work("stream/wasmer-cranelift", "Rust, in Wasm"),
                slower: work("htree", "HTree"),
            },
            Comparison {
                faster: work("nokogiri/html5", "Nokogiri HTML5"),
                slower: work("htree", "HTree"),
            },
        ],
    },
    Hypothesis {
        question: "And than in native C?",
        rule: Rule::Every,
        comparisons: &[
            Comparison {
                faster: work("stream/native", "Rust, native"),
                slower: work("nokogiri/html5", "Nokogiri HTML5"),
            },
            Comparison {
                faster: work("stream/wasmer-cranelift", "Rust, in Wasm"),
                slower: work("nokogiri/html5", "Nokogiri HTML5"),
            },
        ],
    },
    Hypothesis {
        question: "Does it pay to parse in Wasm from Ruby?",
        rule: Rule::Every,
        comparisons: &[
            Comparison {
                faster: work("ghcr-page/guest", "the gem, in Wasm"),
                slower: work("nokogiri/html5", "Nokogiri HTML5"),
            },
            Comparison {
                faster: work("ghcr-page/guest", "the gem, in Wasm"),
                slower: work("htree", "HTree"),
            },
        ],
    },
];

/// What a record says to one comparison.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The comparison.
    pub comparison: Comparison,
    /// The slower's time divided by the faster's: above 1 the answer tends to yes. `Ok(None)` where that has no end.
    pub ratio: Result<Option<Interval>, Missing>,
}

impl Outcome {
    /// `None` where a figure is missing.
    pub fn verdict(&self) -> Option<Verdict> {
        self.ratio.as_ref().ok().map(|ratio| Verdict::of(ratio.as_ref()))
    }
}

/// What a record says to a question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question.
    pub hypothesis: Hypothesis,
    /// Its comparisons, in its order.
    pub outcomes: Vec<Outcome>,
}

impl Answer {
    /// From the comparisons that could be made; `None` where none could.
    pub fn verdict(&self) -> Option<Verdict> {
        let verdicts: Vec<Verdict> = self.outcomes.iter().filter_map(Outcome::verdict).collect();
        (!verdicts.is_empty()).then(|| self.hypothesis.rule.verdict(&verdicts))
    }
}

/// What a record says to each question.
pub fn answers(record: &Record) -> Vec<Answer> {
    ALL.iter().map(|hypothesis| answer(record, *hypothesis)).collect()
}

fn answer(record: &Record, hypothesis: Hypothesis) -> Answer {
    let outcome = |comparison: &Comparison| Outcome {
        comparison: *comparison,
        ratio: record
            .figure(comparison.slower.id, comparison.slower.step)
            .and_then(|slower| {
                let faster = record.figure(comparison.faster.id, comparison.faster.step)?;
                Ok(slower.ratio(&faster))
            }),
    };
    Answer {
        hypothesis,
        outcomes: hypothesis.comparisons.iter().map(outcome).collect(),
    }
}

/// The questions with their verdicts, ratios and intervals.
pub fn in_words(record: &Record) -> String {
    said(record, answers(record))
}

/// The same of the questions that one bench's figures say something to, as far as they do.
pub fn in_words_of(record: &Record, bench: &str) -> String {
    let of_bench = |side: &Side| {
        let measured = |bench: &Bench| bench.cases.iter().any(|case| case.id == side.id);
        let skipped = |bench: &Bench| bench.skipped.iter().any(|skipped| skipped.covers(side.id));
        let mut named = record.benches.iter().filter(|other| other.name == bench);
        named.any(|bench| measured(bench) || skipped(bench))
    };
    let mut answers = answers(record);
    for answer in &mut answers {
        let outcomes = &mut answer.outcomes;
        outcomes.retain(|Outcome { comparison, .. }| of_bench(&comparison.faster) && of_bench(&comparison.slower));
    }
    answers.retain(|answer| !answer.outcomes.is_empty());
    said(record, answers)
}

fn said(record: &Record, answers: Vec<Answer>) -> String {
    let head = [
        ("is this faster", Align::Left),
        ("than this", Align::Left),
        ("times (interval)", Align::Right),
        ("verdict", Align::Left),
    ];
    let mut text = String::new();
    for answer in answers {
        let verdict = match answer.verdict() {
            Some(verdict) => capitalised(&verdict.to_string()),
            None => "Not measured".to_owned(),
        };
        let rows: Vec<Vec<String>> = answer.outcomes.iter().map(|outcome| row(record, outcome)).collect();
        text += &format!(
            "**{}** {verdict}.\n\n{}\n",
            answer.hypothesis.question,
            markdown::table(&head, &rows)
        );
    }
    text.trim_end().to_owned() + "\n"
}

fn row(record: &Record, outcome: &Outcome) -> Vec<String> {
    let side = |side: &Side| match record.figure(side.id, side.step) {
        Ok(figure) => format!("{}: {}", side.what, number::time(&figure)),
        Err(_) => side.what.to_owned(),
    };
    let (ratio, verdict) = match (&outcome.ratio, outcome.verdict()) {
        (Ok(Some(ratio)), Some(verdict)) => (number::ratio_with_interval(ratio), verdict.to_string()),
        (Ok(_), _) => ("too uncertain".to_owned(), Verdict::NotDistinguishable.to_string()),
        (Err(missing), _) => (String::new(), markdown::text(&missing.to_string())),
    };
    vec![
        side(&outcome.comparison.faster),
        side(&outcome.comparison.slower),
        ratio,
        verdict,
    ]
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::matrix::fixture;

    fn ratio(lower: f64, upper: f64) -> Interval {
        Interval {
            estimate: (lower + upper) / 2.0,
            lower,
            upper,
        }
    }

    #[test]
    fn a_verdict_needs_the_whole_interval_and_some_to_spare() {
        assert_eq!(Verdict::of(Some(&ratio(1.5, 2.0))), Verdict::Yes);
        assert_eq!(Verdict::of(Some(&ratio(0.5, 0.6))), Verdict::No);
        assert_eq!(Verdict::of(Some(&ratio(0.9, 2.0))), Verdict::NotDistinguishable);
        assert_eq!(Verdict::of(Some(&ratio(1.01, 1.02))), Verdict::NotDistinguishable);
        assert_eq!(Verdict::of(Some(&ratio(0.97, 0.98))), Verdict::NotDistinguishable);
        assert_eq!(Verdict::of(None), Verdict::NotDistinguishable);
    }

    #[test]
    fn one_case_shows_that_it_can_be_and_one_case_that_it_is_not_so() {
        use Verdict::{No, NotDistinguishable, Yes};
        assert_eq!(Rule::Any.verdict(&[No, Yes, NotDistinguishable]), Yes);
        assert_eq!(Rule::Any.verdict(&[No, NotDistinguishable]), NotDistinguishable);
        assert_eq!(Rule::Any.verdict(&[No, No]), No);
        assert_eq!(Rule::Every.verdict(&[Yes, No, NotDistinguishable]), No);
        assert_eq!(Rule::Every.verdict(&[Yes, NotDistinguishable]), NotDistinguishable);
        assert_eq!(Rule::Every.verdict(&[Yes, Yes]), Yes);
    }

    #[test]
    fn the_verdict_turns_with_the_figures() {
        let mut record = fixture::record();
        assert_eq!(answers(&record)[0].verdict(), Some(Verdict::Yes));
        assert_eq!(answers(&record)[1].verdict(), Some(Verdict::No));
        fixture::set(&mut record, "ruby/puts", Step::Work, fixture::interval(100.0));
        assert_eq!(answers(&record)[0].verdict(), Some(Verdict::No));
        fixture::set(&mut record, "ruby/puts", Step::Work, fixture::interval(231.0));
        assert_eq!(answers(&record)[0].verdict(), Some(Verdict::NotDistinguishable));
    }

    #[test]
    fn a_question_shows_its_verdict_ratio_and_interval() {
        let text = in_words(&fixture::record());
        assert!(text.contains("with the VM preloaded?** Yes.\n"), "{text}");
        // 470 / 230, each half a percent to each side: Fieller's interval.
        assert!(text.contains("| 2.04 × (2.03 to 2.06) | yes "), "{text}");
    }

    #[test]
    fn a_bench_alone_answers_what_is_about_it() {
        let mut record = fixture::record();
        let hello = in_words_of(&record, "hello");
        assert!(
            hello.contains("Ruby VM itself") && hello.contains("smaller binary"),
            "{hello}"
        );
        assert!(!hello.contains("parser"), "{hello}");
        let parser = in_words_of(&record, "parser");
        assert!(
            parser.contains("pure Ruby") && !parser.contains("Ruby VM itself"),
            "{parser}"
        );
        assert_eq!(in_words_of(&record, "none"), "\n");

        fixture::skip(&mut record, "htree", "not installed");
        let parser = in_words_of(&record, "parser");
        assert!(parser.contains("not installed"), "what is missing is said: {parser}");
    }

    #[test]
    fn a_missing_figure_is_said_and_decides_nothing() {
        let mut record = fixture::record();
        fixture::skip(&mut record, "ruby/puts", "no Ruby");
        let text = in_words(&record);
        assert!(text.contains("with the VM preloaded?** Not measured.\n"), "{text}");
        assert!(text.contains("left out: no Ruby"), "{text}");
    }

    #[test]
    fn the_newest_record_answers_every_question() {
        let records = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/records"));
        let (path, record) = Record::newest(records).unwrap();
        for answer in answers(&record) {
            assert!(
                answer.outcomes.iter().all(|outcome| outcome.verdict().is_some()),
                "{} lacks a figure for: {}",
                path.display(),
                answer.hypothesis.question
            );
        }
    }

    #[test]
    fn every_question_compares_two_different_figures() {
        for comparison in ALL.iter().flat_map(|hypothesis| hypothesis.comparisons) {
            assert_ne!(
                (comparison.faster.id, comparison.faster.step),
                (comparison.slower.id, comparison.slower.step)
            );
        }
    }
}
