//! The talk's questions, the comparisons that answer them, and the rules for the answers.

use std::fmt;

use crate::cases::{Model, Step};
use serde::Serialize;

use crate::matrix::{Interval, RUN_TO_RUN};

/// The answer of the figures to a question of the form "is this faster?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is faster.
    Yes,
    /// It is slower.
    No,
    /// The interval allows both.
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
    /// The verdict of a ratio: the time of the side that is expected to be slower, divided by the other side's time.
    /// `None` is a ratio without an upper limit.
    pub fn of(ratio: Option<&Interval>) -> Self {
        match ratio {
            Some(ratio) if ratio.lower > 1.0 + RUN_TO_RUN => Self::Yes,
            Some(ratio) if ratio.upper < 1.0 / (1.0 + RUN_TO_RUN) => Self::No,
            _ => Self::NotDistinguishable,
        }
    }
}

/// The number of comparisons that must be `yes` for the answer `yes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At least one: for a question with "can".
    Any,
    /// All of them: for a question with "is".
    Every,
}

impl Rule {
    /// The verdict that decides the question if a single comparison has it.
    pub(crate) fn decisive(self) -> Verdict {
        match self {
            Self::Any => Verdict::Yes,
            Self::Every => Verdict::No,
        }
    }

    pub(crate) fn verdict(self, verdicts: &[Verdict]) -> Verdict {
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

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The case's id.
    pub id: &'static str,
    /// The step of the case.
    pub step: Step,
    /// The description in the table, such as "HTree".
    pub what: &'static str,
}

/// Whether one figure is less than another. The variants allow no figures of two models.
#[derive(Clone, Copy, Debug)]
pub enum Comparison {
    /// The same step of two cases. If a record has another model for one of them than the question's, the outcome is
    /// [`Missing::OtherModel`](crate::matrix::figure::Missing::OtherModel).
    Cases {
        /// The step of both cases.
        step: Step,
        /// The id and description of the case that is expected to be faster.
        faster: (&'static str, &'static str),
        /// The id and description of the other case.
        slower: (&'static str, &'static str),
    },
    /// Two steps of one case.
    Steps {
        /// The case's id.
        id: &'static str,
        /// The step that is expected to be faster, and its description.
        faster: (Step, &'static str),
        /// The other step and its description.
        slower: (Step, &'static str),
    },
}

impl Comparison {
    /// The side that is expected to be faster.
    pub fn faster(&self) -> Side {
        self.sides().0
    }

    /// The other side.
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

/// The answer to a question before its comparisons were changed.
#[derive(Clone, Copy, Debug)]
pub struct Earlier {
    /// The answer.
    pub verdict: Verdict,
    /// Why the earlier comparison was unfair, as a sentence.
    pub why: &'static str,
}

/// A question of the talk.
#[derive(Clone, Copy, Debug)]
pub struct Hypothesis {
    /// The name in markers and for programs, independent of the question's text.
    pub name: &'static str,
    /// The question in the talk's words.
    pub question: &'static str,
    /// The model of all of its cases.
    pub model: Model,
    /// The rule for the verdicts of its comparisons.
    pub rule: Rule,
    /// The comparisons that answer it.
    pub comparisons: &'static [Comparison],
    /// Its earlier answer; `None` if its comparisons never changed.
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
pub(crate) const COMPILED: (&str, &str) = (
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
        name: "faster-than-ruby",
        question: "Can Wasm print Hello World faster than the Ruby VM itself, with the VM preloaded?",
        model: Model::Call,
        rule: Rule::Any,
        comparisons: &[work(BY_HAND, PUTS), work(COMPILED, PUTS)],
        earlier: None,
    },
    Hypothesis {
        name: "compiled-or-by-hand",
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
        name: "smaller-binary",
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
        name: "preloaded",
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
        name: "pure-ruby",
        question: "Is HTML parsing faster in a compiled language than in pure Ruby?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[work(NATIVE, HTREE), work(IN_WASM, HTREE), work(NOKOGIRI, HTREE)],
        earlier: None,
    },
    Hypothesis {
        name: "native-c",
        question: "And than in native C?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[work(NATIVE, NOKOGIRI), work(IN_WASM, NOKOGIRI)],
        earlier: None,
    },
    Hypothesis {
        name: "from-ruby",
        question: "Does it pay to parse in Wasm from Ruby?",
        model: Model::Call,
        rule: Rule::Every,
        comparisons: &[work(GEM, NOKOGIRI), work(GEM, HTREE)],
        earlier: None,
    },
];

/// The question of a name.
pub fn named(name: &str) -> Option<Hypothesis> {
    ALL.into_iter().find(|hypothesis| hypothesis.name == name)
}

/// Every name, as a message lists them.
pub fn names() -> String {
    ALL.map(|hypothesis| hypothesis.name).join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ratio(lower: f64, upper: f64) -> Interval {
        Interval {
            estimate: (lower + upper) / 2.0,
            lower,
            upper,
        }
    }

    #[test]
    fn a_verdict_needs_the_whole_interval_beyond_the_margin() {
        assert_eq!(Verdict::of(Some(&ratio(1.5, 2.0))), Verdict::Yes);
        assert_eq!(Verdict::of(Some(&ratio(0.5, 0.6))), Verdict::No);
        assert_eq!(Verdict::of(Some(&ratio(0.9, 2.0))), Verdict::NotDistinguishable);
        assert_eq!(Verdict::of(Some(&ratio(1.01, 1.02))), Verdict::NotDistinguishable);
        assert_eq!(Verdict::of(Some(&ratio(0.97, 0.98))), Verdict::NotDistinguishable);
        assert_eq!(Verdict::of(None), Verdict::NotDistinguishable);
    }

    #[test]
    fn one_yes_decides_any_and_one_no_decides_every() {
        use Verdict::{No, NotDistinguishable, Yes};
        assert_eq!(Rule::Any.verdict(&[No, Yes, NotDistinguishable]), Yes);
        assert_eq!(Rule::Any.verdict(&[No, NotDistinguishable]), NotDistinguishable);
        assert_eq!(Rule::Any.verdict(&[No, No]), No);
        assert_eq!(Rule::Every.verdict(&[Yes, No, NotDistinguishable]), No);
        assert_eq!(Rule::Every.verdict(&[Yes, NotDistinguishable]), NotDistinguishable);
        assert_eq!(Rule::Every.verdict(&[Yes, Yes]), Yes);
    }

    #[test]
    fn every_question_compares_two_different_figures() {
        for comparison in ALL.iter().flat_map(|hypothesis| hypothesis.comparisons) {
            let [faster, slower] = [comparison.faster(), comparison.slower()].map(|side| (side.id, side.step));
            assert_ne!(faster, slower);
        }
    }

    #[test]
    fn every_question_is_found_by_its_name() {
        for hypothesis in ALL {
            assert_eq!(named(hypothesis.name).unwrap().question, hypothesis.question);
            assert!(!hypothesis.name.contains(' '), "a marker is split there");
        }
        assert_eq!(
            ALL.map(|hypothesis| hypothesis.name)
                .iter()
                .collect::<BTreeSet<_>>()
                .len(),
            ALL.len()
        );
        assert!(named("no-such-question").is_none() && names().starts_with("faster-than-ruby, "));
    }
}
