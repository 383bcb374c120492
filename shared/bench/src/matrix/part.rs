//! The parts that READMEs and slides take from a record, by the names that stand in their markers.
//!
//! | name in a marker | what it shows |
//! | --- | --- |
//! | `summary` | the talk's matrix |
//! | `cases BENCH`, `steps BENCH`, `rates BENCH`, `plot BENCH` | one bench's tables and its plot |
//! | `hypotheses`, `hypotheses BENCH` | the questions, each with its answer and table; of one bench |
//! | `question NAME` | one of them; [`questions::ALL`] has the names |
//! | `verdicts` | one line a question: the question and its answer |
//! | `figure CASE`, `figure CASE STEP` | one figure of one case: of its work, or of another step |
//! | `bias` | what could make the figures unfair |
//! | `run` | when, where and with what it was measured |

use jiff::Timestamp;

use crate::cases::Step;
use crate::matrix::machine::{Commit, Machine};
use crate::matrix::plot;
use crate::matrix::questions::{self, Hypothesis};
use crate::matrix::record::Bench;
use crate::matrix::{Record, bias, hypothesis, markdown, number, table};

/// One part.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// The talk's matrix.
    Summary,
    /// One row a case of a bench: what it takes to set it up, start it and let it work, and its size.
    Cases(&'a str),
    /// Every step of a bench's cases.
    Steps(&'a str),
    /// A bench's requests a second.
    Rates(&'a str),
    /// A bench's plot.
    Plot(&'a str),
    /// The questions and their answers.
    Hypotheses,
    /// Those of them that a bench's figures answer.
    HypothesesOf(&'a str),
    /// One of them.
    Question(Hypothesis),
    /// Each of them with its answer, in a line.
    Verdicts,
    /// How long a step of a case takes.
    Figure(&'a str, Step),
    /// What could make the figures unfair.
    Bias,
    /// When, where and with what it was measured.
    Run,
}

/// A part, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// What stands in the README.
    pub markdown: String,
    /// A file beside it: where it lies below the workspace, and what is in it.
    pub file: Option<(&'static str, String)>,
}

/// A marker names what no record has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No part is called so.
    #[error(
        "a record has no part {0:?}: there are summary, cases BENCH, steps BENCH, rates BENCH, plot BENCH, hypotheses, \
         hypotheses BENCH, question NAME, verdicts, figure CASE, figure CASE STEP, bias and run"
    )]
    Part(String),
    /// No question is called so.
    #[error("there is no question {0:?}: there are {names}", names = questions::names())]
    Question(String),
    /// No step of a case is called so.
    #[error("a case has no step {0:?}: there are {names}", names = step_names())]
    Step(String),
}

fn step_names() -> String {
    let names: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
    names.join(", ")
}

impl<'a> Part<'a> {
    /// By its name: a word, or a word and what the part is of.
    ///
    /// # Errors
    /// If there is no such part, or nothing of that name that it could be of.
    pub fn named(name: &'a str) -> Result<Self, Error> {
        Ok(match name.split_once(' ').unwrap_or((name, "")) {
            ("summary", "") => Self::Summary,
            ("hypotheses", "") => Self::Hypotheses,
            ("verdicts", "") => Self::Verdicts,
            ("bias", "") => Self::Bias,
            ("run", "") => Self::Run,
            (_, "") => return Err(Error::Part(name.to_owned())),
            ("cases", bench) => Self::Cases(bench),
            ("steps", bench) => Self::Steps(bench),
            ("rates", bench) => Self::Rates(bench),
            ("plot", bench) => Self::Plot(bench),
            ("hypotheses", bench) => Self::HypothesesOf(bench),
            ("question", of) => Self::Question(questions::named(of).ok_or_else(|| Error::Question(of.to_owned()))?),
            ("figure", of) => {
                let (id, step) = of.split_once(' ').unwrap_or((of, Step::Work.name()));
                let known = Step::ALL.iter().find(|known| known.name() == step);
                Self::Figure(id, *known.ok_or_else(|| Error::Step(step.to_owned()))?)
            }
            _ => return Err(Error::Part(name.to_owned())),
        })
    }

    /// The part of a record, for a README in `directory` below the workspace: `ex1-hello`, or nothing for the root.
    pub fn render(&self, record: &Record, directory: &str) -> Rendered {
        let of = |name: &str, render: fn(&Bench) -> String| {
            let bench = record.benches.iter().find(|bench| bench.name == name);
            match bench {
                Some(bench) => render(bench),
                None => format!("The bench {} was not run.\n", markdown::text(name)),
            }
        };
        let markdown = match self {
            Self::Summary => table::summary(record),
            Self::Cases(bench) => of(bench, table::cases),
            Self::Steps(bench) => of(bench, table::steps),
            Self::Rates(bench) => of(bench, table::rates),
            Self::Hypotheses => hypothesis::in_words(record),
            Self::HypothesesOf(bench) => hypothesis::in_words_of(record, bench),
            Self::Question(question) => hypothesis::in_words_about(record, *question),
            Self::Verdicts => hypothesis::verdicts(record),
            Self::Figure(id, step) => figure(record, id, *step),
            Self::Bias => bias::in_words(record),
            Self::Run => run(record),
            Self::Plot(bench) => return plot(record, bench, directory),
        };
        Rendered { markdown, file: None }
    }
}

fn plot(record: &Record, name: &str, directory: &str) -> Rendered {
    let subject = plot::SUBJECTS.iter().find(|subject| subject.bench == name);
    let bench = record.benches.iter().find(|bench| bench.name == name);
    let drawn = subject.zip(bench).and_then(|(subject, bench)| {
        let svg = plot::svg(bench, subject)?;
        Some((subject, svg))
    });
    match drawn {
        Some((subject, svg)) => Rendered {
            markdown: image(subject.title, subject.path, directory),
            file: Some((subject.path, svg)),
        },
        None => Rendered {
            markdown: format!("There is no figure of {} to draw.\n", markdown::text(name)),
            file: None,
        },
    }
}

/// A Markdown image for a README in `directory`. Both paths are relative to the workspace, and the image is beside a README
/// of an example.
pub fn image(alternative: &str, path: &str, directory: &str) -> String {
    let path = match directory.is_empty() {
        true => path.to_owned(),
        false => path
            .strip_prefix(&format!("{directory}/"))
            .map_or_else(|| format!("../{path}"), str::to_owned),
    };
    format!("![{alternative}]({path})\n")
}

/// A figure, and in a few words of what it is; or why there is none.
fn figure(record: &Record, id: &str, step: Step) -> String {
    let figure = record
        .case(id)
        .and_then(|(_, case)| Ok((case, record.figure(id, step)?)));
    match figure {
        Ok((case, figure)) => {
            let what = match step {
                Step::Work => case.row.unit(),
                step => step.name(),
            };
            format!(
                "**{}**: {what}, {}\n",
                number::time(&figure),
                markdown::text(&case.label)
            )
        }
        Err(missing) => format!(
            "**none**: {}, {}\n",
            markdown::text(id),
            markdown::text(&missing.to_string())
        ),
    }
}

/// When, where and with what a record was made.
pub(crate) fn run(record: &Record) -> String {
    let ruby = record
        .ruby()
        .map_or_else(String::new, |ruby| format!(", {}", ruby.description));
    let with = format!("{}{ruby}", record.rustc);
    conditions(record.recorded_at, &record.machine, &with, record.commit.as_ref()) + ".\n"
}

/// When, where and with what compilers something was measured, without a stop at the end.
pub fn conditions(at: Timestamp, machine: &Machine, with: &str, commit: Option<&Commit>) -> String {
    let commit = commit.map_or_else(String::new, |commit| {
        let id: String = commit.id.chars().take(12).collect();
        let changed = if commit.changed { ", with changes" } else { "" };
        format!(", from commit {id}{changed}")
    });
    format!(
        "Measured on {} on {}, with {}{commit}",
        at.strftime("%-d %B %Y at %H:%M UTC"),
        markdown::text(&machine.in_words()),
        markdown::text(with)
    )
}

/// Everything of a record, as one document.
pub fn document(record: &Record) -> String {
    let mut sections = vec![format!("# The matrix, {}\n\n{}", record.name(), run(record))];
    let mut add = |title: String, text: String| sections.push(format!("## {title}\n\n{text}"));
    add("Summary".to_owned(), table::summary(record));
    for bench in &record.benches {
        if let Some(failed) = &bench.failed {
            add(
                format!("{} failed", bench.name),
                format!("{}\n", markdown::text(failed)),
            );
        }
        if !bench.cases.is_empty() || !bench.skipped.is_empty() {
            add(format!("Cases of {}", bench.name), table::cases(bench));
        }
        let steps = table::steps(bench);
        if !steps.is_empty() {
            add(format!("Steps of {}", bench.name), steps);
        }
        if !bench.rates.is_empty() {
            add(format!("Rates of {}", bench.name), table::rates(bench));
        }
    }
    for (name, figures) in &record.exact_figures {
        add(format!("Exact figures of {}", markdown::text(name)), figures.markdown());
    }
    add("Hypotheses".to_owned(), hypothesis::in_words(record));
    add("Bias: what could make this unfair".to_owned(), bias::in_words(record));
    sections.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    #[test]
    fn parts_have_names() {
        for (name, part) in [
            ("summary", "Summary"),
            ("cases hello", "Cases(\"hello\")"),
            ("plot parser", "Plot(\"parser\")"),
            ("hypotheses", "Hypotheses"),
            ("hypotheses hello", "HypothesesOf(\"hello\")"),
            ("verdicts", "Verdicts"),
            ("figure htree", "Figure(\"htree\", Work)"),
            ("figure a/b start from text", "Figure(\"a/b\", StartFromText)"),
        ] {
            assert_eq!(format!("{:?}", Part::named(name).unwrap()), part);
        }
        assert!(
            matches!(Part::named("question native-c"), Ok(Part::Question(question)) if question.name == "native-c")
        );
    }

    #[test]
    fn a_name_that_is_wrong_gets_those_that_are_right() {
        for (wrong, right) in [
            ("", "summary"),
            ("cases", "cases BENCH"),
            ("plots hello", "plot BENCH"),
            ("summary hello", "summary"),
            ("question", "question NAME"),
            ("question native", "native-c"),
            ("figure htree worked", "instantiate"),
        ] {
            let error = Part::named(wrong).unwrap_err().to_string();
            assert!(error.contains(right), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn a_figure_says_what_it_is_of_or_why_there_is_none() {
        let mut record = fixture::record();
        let text = |record: &Record, part: &str| Part::named(part).unwrap().render(record, "").markdown;
        assert_eq!(
            text(&record, "figure wat/wasmer-cranelift"),
            "**230 ns**: one line written, wat/wasmer-cranelift\n"
        );
        assert_eq!(
            text(&record, "figure wat/wasmer-cranelift setup"),
            "**480 µs**: setup, wat/wasmer-cranelift\n"
        );
        fixture::skip(&mut record, "htree", "not installed");
        assert_eq!(
            text(&record, "figure htree"),
            "**none**: htree, left out: not installed\n"
        );
        assert_eq!(text(&record, "figure x"), "**none**: x, not measured yet\n");
    }

    #[test]
    fn one_question_and_all_verdicts_are_parts() {
        let record = fixture::record();
        let text = |part: &str| Part::named(part).unwrap().render(&record, "").markdown;
        assert!(text("question native-c").starts_with("**And than in native C?** Yes.\n"));
        assert!(text("verdicts").starts_with("| question "));
    }

    #[test]
    fn a_plot_is_a_file_and_a_link_to_it_from_wherever_it_is_shown() {
        let record = fixture::record();
        let link = |directory| Part::Plot("hello").render(&record, directory).markdown;
        assert!(link("ex1-hello").ends_with("](hello-world.svg)\n"));
        assert!(link("ex2-parser").ends_with("](../ex1-hello/hello-world.svg)\n"));
        assert!(link("").ends_with("](ex1-hello/hello-world.svg)\n"));
        let file = Part::Plot("hello").render(&record, "").file.unwrap();
        assert_eq!(file.0, "ex1-hello/hello-world.svg");
    }

    #[test]
    fn a_bench_that_was_not_run_is_said() {
        let record = fixture::record();
        for part in [
            Part::Cases("none"),
            Part::Steps("none"),
            Part::Rates("none"),
            Part::Plot("none"),
        ] {
            let rendered = part.render(&record, "");
            assert!(
                rendered.markdown.contains("none") && rendered.file.is_none(),
                "{rendered:?}"
            );
        }
    }

    #[test]
    fn a_run_says_when_where_and_with_what() {
        assert_eq!(
            run(&fixture::record()),
            "Measured on 22 November 2026 at 12:20 UTC on Processor 9000, 2 cores of a virtual machine, 8.0 GiB of \
             memory, Linux (Debian GNU/Linux 12), Linux 6.1.0, with rustc 1.95.0, from commit 0123456789ab.\n"
        );
    }

    #[test]
    fn the_document_has_every_part_and_every_failure() {
        let mut record = fixture::record();
        record.benches[1].failed = Some("it ended with 101".to_owned());
        let text = document(&record);
        for part in [
            "# The matrix, 2026-11-22T122031Z",
            "Summary",
            "Cases of hello",
            "Steps of parser",
            "parser failed",
            "Exact figures of ex1-hello",
            "Hypotheses",
            "Bias",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
