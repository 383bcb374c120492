//! The talk's questions, each answered from a record.
//!
//! A question is answered by one comparison or several, all of one [`Model`]. A comparison is a ratio of two figures of
//! one run, and its verdict is `yes` or `no` only where the whole interval of the ratio says so, with [`RUN_TO_RUN`] to
//! spare.
//!
//! [`RUN_TO_RUN`]: crate::matrix::RUN_TO_RUN

use crate::cases::Model;

use crate::matrix::figure::Missing;
use crate::matrix::markdown::{self, Align};
use crate::matrix::questions::{ALL, Comparison, Earlier, Hypothesis, Side, Verdict};
use crate::matrix::record::Bench;
use crate::matrix::{Interval, Record, number};

/// The columns of a question's table.
const HEAD: [&str; 4] = ["is this faster", "than this", "times (interval)", "verdict"];

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
    pub fn word(&self) -> String {
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

/// The same of one question.
pub fn in_words_about(record: &Record, hypothesis: Hypothesis) -> String {
    said(record, vec![answer(record, hypothesis)])
}

/// The questions with their answers alone.
pub fn verdicts(record: &Record) -> String {
    let head = [("question", Align::Left), ("answer", Align::Left)];
    let row = |answer: &Answer| vec![answer.hypothesis.question.to_owned(), answer.word()];
    let rows: Vec<Vec<String>> = answers(record).iter().map(row).collect();
    markdown::table(&head, &rows)
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
    let [faster, slower, ratio, verdict] = HEAD;
    let head = [
        (faster, Align::Left),
        (slower, Align::Left),
        (ratio, Align::Right),
        (verdict, Align::Left),
    ];
    let mut text = String::new();
    for answer in answers {
        let earlier = answer
            .earlier()
            .map_or_else(String::new, |earlier| format!("{earlier}\n\n"));
        let rows: Vec<Vec<String>> = answer
            .outcomes
            .iter()
            .map(|outcome| row(record, outcome).to_vec())
            .collect();
        text += &format!(
            "**{}** {}.\n\n{earlier}{}\n",
            answer.hypothesis.question,
            answer.word(),
            markdown::table(&head, &rows)
        );
    }
    text.trim_end().to_owned() + "\n"
}

/// One comparison as it is shown, a text for each column of [`HEAD`].
pub fn row(record: &Record, outcome: &Outcome) -> [String; 4] {
    let side = |side: Side| match record.figure(side.id, side.step) {
        Ok(figure) => format!("{}: {}", side.what, number::time(&figure)),
        Err(_) => side.what.to_owned(),
    };
    let (ratio, verdict) = match (&outcome.ratio, outcome.verdict()) {
        (Ok(Some(ratio)), Some(verdict)) => (number::ratio_with_interval(ratio), verdict.to_string()),
        (Ok(_), _) => ("too uncertain".to_owned(), Verdict::NotDistinguishable.to_string()),
        (Err(missing), _) => (String::new(), markdown::text(&missing.to_string())),
    };
    [
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
    use crate::cases::Step;
    use crate::matrix::fixture;
    use crate::matrix::questions::{self, COMPILED};
    use crate::matrix::record::SCHEMA;

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
    fn one_question_is_shown_alone_and_all_in_a_line_each() {
        let record = fixture::record();
        let one = in_words_about(&record, questions::named("native-c").unwrap());
        assert!(
            one.starts_with("**And than in native C?** Yes.\n\n| is this faster"),
            "{one}"
        );
        assert_eq!(one.matches("**").count(), 2, "{one}");
        let all = verdicts(&record);
        assert_eq!(all.lines().count(), 2 + ALL.len(), "{all}");
        let line = all
            .lines()
            .find(|line| line.contains("one written by hand in Wat?"))
            .unwrap();
        assert!(line.trim_end_matches(['|', ' ']).ends_with("| No"), "{line}");
    }
}
