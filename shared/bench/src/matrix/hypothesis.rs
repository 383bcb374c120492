//! The talk's questions, each answered from a record.
//!
//! A question is answered by one comparison or several, all of one [`Model`]. A comparison is a ratio of two figures of
//! one run, and its verdict is `yes` or `no` only where the whole interval of the ratio says so, with [`RUN_TO_RUN`] to
//! spare.

use std::fmt;

use crate::cases::{Model, Step};
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
    /// What one comparison alone can answer.
    fn decisive(self) -> Verdict {
        match self {
            Self::Any => Verdict::Yes,
            Self::Every => Verdict::No,
        }
    }

    fn verdict(self, verdicts: &[Verdict]) -> Verdict {
        let otherwise = match self {
            Self::Any => Verdict::No,
            Self::Every => Verdict::Yes,
        };
        if verdicts.contains(&self.decisive()) {
            self.decisive()
        } else if verdicts.iter().all(|verdict| *verdict == otherwise) {
            otherwise
        } else {
            Verdict::NotDistinguishable
        }
    }
}

/// What is compared, as a part of a sentence.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The case's id.
    pub id: &'static str,
    /// The step.
    pub step: Step,
    /// What that is.
    pub what: &'static str,
}

/// Whether one figure is less than another. Both are always of one model: there is no way to say anything else.
#[derive(Clone, Copy, Debug)]
pub enum Comparison {
    /// One case by the same step as another. A record in which either is of another model than the question's gives no
    /// answer.
    Cases {
        /// The step of both.
        step: Step,
        /// The id of what may be faster, and what that is.
        faster: (&'static str, &'static str),
        /// Than what.
        slower: (&'static str, &'static str),
    },
    /// One case by two of its steps.
    Steps {
        /// The case's id.
        id: &'static str,
        /// The step that may take less time, and what that is.
        faster: (Step, &'static str),
        /// Than which.
        slower: (Step, &'static str),
    },
}

impl Comparison {
    /// What may be faster.
    pub fn faster(&self) -> Side {
        self.sides().0
    }

    /// Than what.
    pub fn slower(&self) -> Side {
        self.sides().1
    }

    fn sides(&self) -> (Side, Side) {
        match *self {
            Self::Cases { step, faster, slower } => {
                let side = |(id, what)| Side { id, step, what };
                (side(faster), side(slower))
            }
            Self::Steps { id, faster, slower } => {
                let side = |(step, what)| Side { id, step, what };
                (side(faster), side(slower))
            }
        }
    }
}

/// How a question was answered before it compared what it compares now.
#[derive(Clone, Copy, Debug)]
pub struct Earlier {
    /// The answer.
    pub verdict: Verdict,
    /// Why it was no good, as a whole sentence.
    pub why: &'static str,
}

/// A question of the talk.
#[derive(Clone, Copy, Debug)]
pub struct Hypothesis {
    /// As the talk asks it.
    pub question: &'static str,
    /// Of which all of its cases are.
    pub model: Model,
    /// When the answer is yes.
    pub rule: Rule,
    /// What answers it.
    pub comparisons: &'static [Comparison],
    /// How it was answered before.
    pub earlier: Option<Earlier>,
}

const fn work(faster: (&'static str, &'static str), slower: (&'static str, &'static str)) -> Comparison {
    let step = Step::Work;
    Comparison::Cases { step, faster, slower }
}

const fn ready(faster: (&'static str, &'static str), slower: (&'static str, &'static str)) -> Comparison {
    let step = Step::Ready;
    Comparison::Cases { step, faster, slower }
}

const fn preloaded(id: &'static str, work: &'static str, start: &'static str) -> Comparison {
    Comparison::Steps {
        id,
        faster: (Step::Work, work),
        slower: (Step::Start, start),
    }
}

const BY_HAND: (&str, &str) = ("wat/wasmer-cranelift", "a warm call of the module written by hand");
const COMPILED: (&str, &str) = (
    "rust-module/wasmer-cranelift",
    "a warm call of the same module compiled from Rust",
);
const PUTS: (&str, &str) = ("ruby/puts", "`puts` in the loaded VM, same sink and sync");
const NATIVE: (&str, &str) = ("stream/native", "Rust, native");
const IN_WASM: (&str, &str) = ("stream/wasmer-cranelift", "Rust, in Wasm");
const GEM: (&str, &str) = ("ghcr-page/guest", "the gem, in Wasm");
const HTREE: (&str, &str) = ("htree", "HTree");
const NOKOGIRI: (&str, &str) = ("nokogiri/html5", "Nokogiri HTML5");

/// The talk's questions, in its order, and after them the gem's.
pub const ALL: [Hypothesis; 7] = [
    Hypothesis {
        question: "Can Wasm print Hello World faster than the Ruby VM itself, with the VM preloaded?",
        model: Model::Call,
        rule: Rule::Any,
        comparisons: &[work(BY_HAND, PUTS), work(COMPILED, PUTS)],
        earlier: None,
    },
    Hypothesis {
        question: "Can a compiled guest print it faster than one written by hand in Wat?",
        model: Model::Call,
        rule: Rule::Any,
        comparisons: &[work(COMPILED, BY_HAND)],
        earlier: Some(Earlier {
            verdict: Verdict::No,
            why: "The guest compiled from Rust was a whole WASI program then, in a fresh instance for each line, and was \
                  compared with a warm call.",
        }),
    },
    Hypothesis {
        question: "Is a smaller binary a faster start?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[
            ready(
                (
                    "wat/wasmer-cranelift",
                    "the module written by hand, until it can be called",
                ),
                (
                    "wat-large/wasmer-cranelift",
                    "the same with 2,000 functions that nobody calls",
                ),
            ),
            ready(
                (
                    "stream/wasmer-cranelift",
                    "the parser without a tree, until it can be called",
                ),
                ("dom/wasmer-cranelift", "the parser with a tree"),
            ),
        ],
        earlier: Some(Earlier {
            verdict: Verdict::Yes,
            why: "The start of a module was compared then with that of a WASI program, which was WASI's set-up more than \
                  the binary's size; and the parsers' starts included the page that each of them read.",
        }),
    },
    Hypothesis {
        question: "Does loading the heavy parts beforehand pay?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[
            preloaded(
                "wat/wasmer-cranelift",
                "a warm call of the module written by hand",
                "its start from cached code, call included",
            ),
            preloaded(
                "ruby/puts",
                "`puts` in the loaded VM",
                "the start of the VM, `puts` included",
            ),
            preloaded(
                "ruby/wasmer-cranelift",
                "`puts` in the VM loaded as a guest",
                "its start from cached code, `puts` included",
            ),
        ],
        earlier: Some(Earlier {
            verdict: Verdict::Yes,
            why: "`puts` in the loaded VM was compared with a whole process of Ruby's then, from its start to its end.",
        }),
    },
    Hypothesis {
        question: "Is HTML parsing faster in a compiled language than in pure Ruby?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[work(NATIVE, HTREE), work(IN_WASM, HTREE), work(NOKOGIRI, HTREE)],
        earlier: None,
    },
    Hypothesis {
        question: "And than in native C?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[work(NATIVE, NOKOGIRI), work(IN_WASM, NOKOGIRI)],
        earlier: None,
    },
    Hypothesis {
        question: "Does it pay to parse in Wasm from Ruby?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[work(GEM, NOKOGIRI), work(GEM, HTREE)],
        earlier: None,
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
    /// From the comparisons that could be made; `None` where another one could still change it.
    pub fn verdict(&self) -> Option<Verdict> {
        let verdicts: Vec<Verdict> = self.outcomes.iter().filter_map(Outcome::verdict).collect();
        let rule = self.hypothesis.rule;
        let decided = verdicts.len() == self.outcomes.len() || verdicts.contains(&rule.decisive());
        (decided && !verdicts.is_empty()).then(|| rule.verdict(&verdicts))
    }

    /// The answer in a word or two.
    fn word(&self) -> String {
        let missing = |outcome: &Outcome| outcome.ratio == Err(Missing::NotYet);
        match self.verdict() {
            Some(verdict) => capitalised(&verdict.to_string()),
            None if self.outcomes.iter().any(missing) => "Not measured yet".to_owned(),
            None => "Not measured".to_owned(),
        }
    }

    /// How the question was answered before, where that was another answer.
    fn earlier(&self) -> Option<String> {
        let Earlier { verdict, why } = self.hypothesis.earlier?;
        let was = capitalised(&verdict.to_string());
        (self.verdict() != Some(verdict)).then(|| format!("The answer was \"{was}\" before. {why}"))
    }
}

/// What a record says to each question.
pub fn answers(record: &Record) -> Vec<Answer> {
    ALL.iter().map(|hypothesis| answer(record, *hypothesis)).collect()
}

fn answer(record: &Record, hypothesis: Hypothesis) -> Answer {
    let outcome = |comparison: &Comparison| Outcome {
        comparison: *comparison,
        ratio: figure(record, hypothesis.model, comparison.slower()).and_then(|slower| {
            let faster = figure(record, hypothesis.model, comparison.faster())?;
            Ok(slower.ratio(&faster))
        }),
    };
    Answer {
        hypothesis,
        outcomes: hypothesis.comparisons.iter().map(outcome).collect(),
    }
}

/// A side's figure, if its case is of the model.
fn figure(record: &Record, model: Model, side: Side) -> Result<Interval, Missing> {
    record.case_of(model, side.id)?;
    record.figure(side.id, side.step)
}

/// The questions with their verdicts, ratios and intervals.
pub fn in_words(record: &Record) -> String {
    said(record, answers(record))
}

/// The same of the questions that one bench's figures say something to, as far as they do. A case that no bench has yet
/// may be one of that bench's.
pub fn in_words_of(record: &Record, bench: &str) -> String {
    let has = |bench: &Bench, side: Side| {
        let measured = bench.cases.iter().any(|case| case.id == side.id);
        measured || bench.skipped.iter().any(|skipped| skipped.covers(side.id))
    };
    let in_bench = |side| record.benches.iter().any(|it| it.name == bench && has(it, side));
    let elsewhere = |side| record.benches.iter().any(|it| it.name != bench && has(it, side));
    let mut answers = answers(record);
    for answer in &mut answers {
        answer.outcomes.retain(|Outcome { comparison, .. }| {
            let sides = [comparison.faster(), comparison.slower()];
            sides.into_iter().any(in_bench) && !sides.into_iter().any(elsewhere)
        });
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
        let earlier = answer
            .earlier()
            .map_or_else(String::new, |earlier| format!("{earlier}\n\n"));
        let rows: Vec<Vec<String>> = answer.outcomes.iter().map(|outcome| row(record, outcome)).collect();
        text += &format!(
            "**{}** {}.\n\n{earlier}{}\n",
            answer.hypothesis.question,
            answer.word(),
            markdown::table(&head, &rows)
        );
    }
    text.trim_end().to_owned() + "\n"
}

fn row(record: &Record, outcome: &Outcome) -> Vec<String> {
    let side = |side: Side| match record.figure(side.id, side.step) {
        Ok(figure) => format!("{}: {}", side.what, number::time(&figure)),
        Err(_) => side.what.to_owned(),
    };
    let (ratio, verdict) = match (&outcome.ratio, outcome.verdict()) {
        (Ok(Some(ratio)), Some(verdict)) => (number::ratio_with_interval(ratio), verdict.to_string()),
        (Ok(_), _) => ("too uncertain".to_owned(), Verdict::NotDistinguishable.to_string()),
        (Err(missing), _) => (String::new(), markdown::text(&missing.to_string())),
    };
    vec![
        side(outcome.comparison.faster()),
        side(outcome.comparison.slower()),
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
    use crate::matrix::record::SCHEMA;

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
        fixture::set(&mut record, COMPILED.0, Step::Work, fixture::interval(229.0));
        assert_eq!(answers(&record)[1].verdict(), Some(Verdict::NotDistinguishable));
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

        record.benches[0].cases.retain(|case| case.id != COMPILED.0);
        let hello = in_words_of(&record, "hello");
        assert!(
            hello.contains("Can a compiled guest print it faster than one written by hand in Wat?** Not measured yet."),
            "{hello}"
        );
        assert!(!in_words_of(&record, "parser").contains("compiled guest"));

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
    fn a_question_that_a_missing_figure_could_still_turn_has_no_answer() {
        let mut record = fixture::record();
        let forget = |record: &mut Record, id: &str| record.benches[0].cases.retain(|case| case.id != id);
        let verdict = |record: &Record, number: usize| answers(record)[number].verdict();
        assert_eq!(
            (verdict(&record, 0), verdict(&record, 2)),
            (Some(Verdict::Yes), Some(Verdict::Yes))
        );
        // One that is faster is enough, so the other may be missing.
        forget(&mut record, COMPILED.0);
        assert_eq!((verdict(&record, 0), verdict(&record, 1)), (Some(Verdict::Yes), None));
        // Each has to be faster.
        forget(&mut record, "wat-large/wasmer-cranelift");
        assert_eq!(verdict(&record, 2), None);
        let text = in_words(&record);
        assert!(
            text.contains("Is a smaller binary a faster start?** Not measured yet.\n"),
            "{text}"
        );
        record.all_benches = false;
        let text = in_words(&record);
        assert!(
            text.contains("Is a smaller binary a faster start?** Not measured.\n"),
            "{text}"
        );
    }

    #[test]
    fn an_answer_that_has_changed_is_said_with_the_reason() {
        let mut record = fixture::record();
        let question = |record: &Record| {
            let text = in_words(record);
            let begin = text.find("**Can a compiled guest").unwrap();
            text[begin..text.find("**Is a smaller binary").unwrap()].to_owned()
        };
        assert!(
            !question(&record).contains("before"),
            "it is what it was: {}",
            question(&record)
        );
        fixture::set(&mut record, COMPILED.0, Step::Work, fixture::interval(200.0));
        let text = question(&record);
        assert!(
            text.contains("** Yes.\n\nThe answer was \"No\" before. The guest compiled"),
            "{text}"
        );
    }

    #[test]
    fn cases_of_two_models_are_not_compared() {
        let mut record = fixture::record();
        let compiled = record.benches[0].cases.iter_mut().find(|case| case.id == COMPILED.0);
        compiled.unwrap().model = Model::Start;
        let answers = answers(&record);
        assert_eq!(answers[1].outcomes[0].ratio, Err(Missing::OtherModel(Model::Start)));
        assert_eq!(answers[1].verdict(), None);
        assert!(in_words(&record).contains("of another model, start: not compared"));
    }

    /// Every question with every record that is kept, and with the figures that tests have.
    #[test]
    fn no_question_compares_cases_of_two_models() {
        let records = Record::list(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/records"))).unwrap();
        let records = records.iter().map(|path| Record::read(path).unwrap());
        for record in records.chain([fixture::record()]) {
            for answer in answers(&record) {
                for outcome in &answer.outcomes {
                    assert!(
                        !matches!(outcome.ratio, Err(Missing::OtherModel(_))),
                        "{}, {}: {outcome:?}",
                        record.name(),
                        answer.hypothesis.question
                    );
                }
            }
        }
        // The figures that tests have hold every case of every question.
        for answer in answers(&fixture::record()) {
            assert!(
                answer.outcomes.iter().all(|outcome| outcome.ratio.is_ok()),
                "{answer:?}"
            );
        }
    }

    #[test]
    fn the_newest_record_answers_every_question() {
        let records = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/records"));
        let (path, record) = Record::newest(records).unwrap();
        // One that is older than this version can lack a case that is newer than it, and nothing else.
        let may_lack = |outcome: &Outcome| record.schema < SCHEMA && outcome.ratio == Err(Missing::NotYet);
        for answer in answers(&record) {
            let mut outcomes = answer.outcomes.iter();
            assert!(
                outcomes.all(|outcome| outcome.verdict().is_some() || may_lack(outcome)),
                "{} lacks a figure for: {}",
                path.display(),
                answer.hypothesis.question
            );
        }
    }

    #[test]
    fn every_question_compares_two_different_figures() {
        for comparison in ALL.iter().flat_map(|hypothesis| hypothesis.comparisons) {
            let [faster, slower] = [comparison.faster(), comparison.slower()].map(|side| (side.id, side.step));
            assert_ne!(faster, slower);
        }
    }
}
