//! The talk's questions, each answered from a record.
//!
//! One or several comparisons answer a question, all of one [`Model`]. A comparison is the ratio of two figures of one
//! run. Its verdict is `yes` or `no` only if the whole interval of the ratio is on one side of 1, with a margin of
//! [`RUN_TO_RUN`].
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

/// The result of one comparison in a record.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The comparison.
    pub comparison: Comparison,
    /// The time of [`Comparison::slower`] divided by that of [`Comparison::faster`]: above 1 the verdict tends to yes.
    /// `Ok(None)` is a ratio without an upper limit.
    pub ratio: Result<Option<Interval>, Missing>,
}

impl Outcome {
    /// The verdict of the ratio; `None` if a figure is missing.
    pub fn verdict(&self) -> Option<Verdict> {
        self.ratio.as_ref().ok().map(|ratio| Verdict::of(ratio.as_ref()))
    }
}

/// The answer of a record to a question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question.
    pub hypothesis: Hypothesis,
    /// The results of the question's comparisons, in their order.
    pub outcomes: Vec<Outcome>,
}

impl Answer {
    /// The verdict of the question; `None` if a missing comparison could change it.
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

    /// The earlier answer and why it changed; `None` if it did not change.
    fn earlier(&self) -> Option<String> {
        let Earlier { verdict, why } = self.hypothesis.earlier?;
        let was = capitalised(&verdict.to_string());
        (self.verdict() != Some(verdict)).then(|| format!("The answer was \"{was}\" before. {why}"))
    }
}

/// The answer of a record to each question.
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

/// The figure of a side, if its case has this model.
fn figure(record: &Record, model: Model, side: Side) -> Result<Interval, Missing> {
    record.case_of(model, side.id)?;
    record.figure(side.id, side.step)
}

/// All questions with their verdicts, ratios and intervals.
pub fn in_words(record: &Record) -> String {
    render(record, answers(record))
}

/// One question with its verdict, ratios and intervals.
pub fn in_words_about(record: &Record, hypothesis: Hypothesis) -> String {
    render(record, vec![answer(record, hypothesis)])
}

/// A table of all questions with only their answers.
pub fn verdicts(record: &Record) -> String {
    let head = [("question", Align::Left), ("answer", Align::Left)];
    let row = |answer: &Answer| vec![answer.hypothesis.question.to_owned(), answer.word()];
    let rows: Vec<Vec<String>> = answers(record).iter().map(row).collect();
    markdown::table(&head, &rows)
}

/// The questions and comparisons that need figures of `bench` and of no other bench. A case that no bench of the record
/// has is taken for one of `bench`.
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
    render(record, answers)
}

fn render(record: &Record, answers: Vec<Answer>) -> String {
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

/// The texts of one comparison, for the columns of `HEAD`.
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
    fn the_verdict_follows_the_figures() {
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
        // Fieller's interval of 470 / 230, each with an interval of ± 0.5 %.
        assert!(text.contains("| 2.04 × (2.03 to 2.06) | yes "), "{text}");
    }

    #[test]
    fn a_bench_answers_the_questions_about_its_own_cases() {
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
        assert!(parser.contains("not installed"), "the reason is shown: {parser}");
    }

    #[test]
    fn a_missing_figure_is_shown_with_its_reason_and_decides_nothing() {
        let mut record = fixture::record();
        fixture::skip(&mut record, "ruby/puts", "no Ruby");
        let text = in_words(&record);
        assert!(text.contains("with the VM preloaded?** Not measured.\n"), "{text}");
        assert!(text.contains("left out: no Ruby"), "{text}");
    }

    #[test]
    fn a_question_that_a_missing_figure_could_change_has_no_answer() {
        let mut record = fixture::record();
        let forget = |record: &mut Record, id: &str| record.benches[0].cases.retain(|case| case.id != id);
        let verdict = |record: &Record, number: usize| answers(record)[number].verdict();
        assert_eq!(
            (verdict(&record, 0), verdict(&record, 2)),
            (Some(Verdict::Yes), Some(Verdict::Yes))
        );
        // One `yes` is enough, so that the other figure may be missing.
        forget(&mut record, COMPILED.0);
        assert_eq!((verdict(&record, 0), verdict(&record, 1)), (Some(Verdict::Yes), None));
        // Each comparison must be `yes`.
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
    fn a_changed_answer_is_shown_with_the_reason() {
        let mut record = fixture::record();
        let question = |record: &Record| {
            let text = in_words(record);
            let begin = text.find("**Can a compiled guest").unwrap();
            text[begin..text.find("**Is a smaller binary").unwrap()].to_owned()
        };
        assert!(
            !question(&record).contains("before"),
            "the answer is unchanged: {}",
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

    /// Checks every question with every record of this workspace, and with the test record.
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
        // The test record has every case of every question.
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
        // Only a record of an older schema can lack a case: one that was added later.
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
