//! A figure of a case, or why it is missing.

use std::fmt;

use crate::cases::{Case, Column, Model, Row, Skipped, Step};

use crate::matrix::record::{Bench, Estimates};
use crate::matrix::{Interval, Record};

/// Why a figure is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The bench skipped the case for this reason.
    Skipped(String),
    /// The bench failed for this reason.
    Failed(String),
    /// No bench of the record has the case, but not all benches were run.
    NotMeasured,
    /// All benches were run, and none has the case: it is newer than the record.
    NotYet,
    /// The case has this model, which is not the model of the comparison.
    OtherModel(Model),
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(why) => write!(formatter, "left out: {why}"),
            Self::Failed(why) => write!(formatter, "the bench failed: {why}"),
            Self::NotMeasured => formatter.write_str("not measured in this run"),
            Self::NotYet => formatter.write_str("not measured yet"),
            Self::OtherModel(model) => write!(formatter, "of another model, {model}: not compared"),
        }
    }
}

impl Bench {
    /// The estimates of a case's step.
    pub fn estimates(&self, case: &Case, step: Step) -> Option<&Estimates> {
        self.estimates.get(case.steps.get(&step)?)
    }
}

impl Record {
    /// All measured cases, each with its bench.
    pub fn cases(&self) -> impl Iterator<Item = (&Bench, &Case)> {
        self.benches
            .iter()
            .flat_map(|bench| bench.cases.iter().map(move |case| (bench, case)))
    }

    /// The case with this id, and its bench.
    ///
    /// # Errors
    /// Why the case is missing.
    pub fn case(&self, id: &str) -> Result<(&Bench, &Case), Missing> {
        if let Some(found) = self.cases().find(|(_, case)| case.id == id) {
            return Ok(found);
        }
        // A case's own reason is more exact than the reason of its group.
        let skipped = |is: &dyn Fn(&Skipped) -> bool| {
            let mut all = self.benches.iter().flat_map(|bench| &bench.skipped);
            all.find(|skipped| is(skipped))
        };
        if let Some(skipped) = skipped(&|it| it.id == id).or_else(|| skipped(&|it| it.covers(id))) {
            return Err(Missing::Skipped(skipped.why.clone()));
        }
        // The bench of a missing case is unknown, so that any failed bench can be the reason.
        match self.benches.iter().find_map(|bench| bench.failed.clone()) {
            Some(why) => Err(Missing::Failed(why)),
            None if self.all_benches => Err(Missing::NotYet),
            None => Err(Missing::NotMeasured),
        }
    }

    /// The case with this id, if it has this model.
    ///
    /// # Errors
    /// Why the case is missing, or [`Missing::OtherModel`].
    pub fn case_of(&self, model: Model, id: &str) -> Result<(&Bench, &Case), Missing> {
        match self.case(id)? {
            found if found.1.model == model => Ok(found),
            (_, other) => Err(Missing::OtherModel(other.model)),
        }
    }

    /// The time of a case's step in nanoseconds: the median of the samples.
    ///
    /// # Errors
    /// Why the figure is missing.
    pub fn figure(&self, id: &str, step: Step) -> Result<Interval, Missing> {
        let (bench, case) = self.case(id)?;
        let missing = || match &bench.failed {
            Some(why) => Missing::Failed(why.clone()),
            None => Missing::NotYet,
        };
        bench
            .estimates(case, step)
            .map(|estimates| estimates.median)
            .ok_or_else(missing)
    }
}

/// The case of a row and a column in the matrix, which shows only one. It does the same job as the other cases of its
/// row, to the same sink, with usual options. It need not be the fastest of its column.
pub fn representative(row: Row, column: Column) -> Option<&'static str> {
    Some(match (row, column) {
        (Row::HelloWorld, Column::Ruby) => "ruby/puts",
        (Row::HelloWorld, Column::Rust) => "rust/native",
        (Row::HelloWorld, Column::Wat) => "wat/wasmer-cranelift",
        (Row::HelloWorld, Column::RustInWasm) => "rust-module/wasmer-cranelift",
        (Row::HelloWorld, Column::RubyInWasm) => "ruby/wasmer-cranelift",
        (Row::HtmlParser, Column::NativeC) => "nokogiri/html5",
        (Row::HtmlParser, Column::Ruby) => "htree",
        (Row::HtmlParser, Column::Rust) => "stream/native",
        (Row::HtmlParser, Column::RustInWasm) => "stream/wasmer-cranelift",
        (Row::HtmlParser, Column::RubyInWasm) => "htree/wasmer-cranelift",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    #[test]
    fn a_skipped_group_is_the_reason_for_each_of_its_cases() {
        let mut record = fixture::record();
        fixture::skip(&mut record, "ruby/puts", "its own reason");
        let reason = |record: &Record| record.figure("ruby/puts", Step::Work).unwrap_err();
        record.benches[0].skipped.insert(
            0,
            Skipped {
                id: "ruby".to_owned(),
                label: "Ruby".to_owned(),
                why: "no Ruby".to_owned(),
            },
        );
        assert_eq!(reason(&record), Missing::Skipped("its own reason".to_owned()));
        record.benches[0].skipped.truncate(1);
        assert_eq!(reason(&record), Missing::Skipped("no Ruby".to_owned()));
        record.benches[0].skipped[0].id = "rub".to_owned();
        assert_eq!(reason(&record), Missing::NotYet);
        record.all_benches = false;
        assert_eq!(reason(&record), Missing::NotMeasured);
    }

    #[test]
    fn a_case_of_another_model_is_missing() {
        let record = fixture::record();
        assert!(record.case_of(Model::Start, "rust/wasmer-cranelift").is_ok());
        let missing = record.case_of(Model::Call, "rust/wasmer-cranelift").unwrap_err();
        assert_eq!(missing, Missing::OtherModel(Model::Start));
        assert!(missing.to_string().contains("another model, start"), "{missing}");
    }

    #[test]
    fn a_failed_bench_is_the_reason_for_an_unknown_case() {
        let mut record = fixture::record();
        record.benches[1].failed = Some("it ended with 101".to_owned());
        let missing = record.figure("gammo", Step::Work).unwrap_err();
        assert_eq!(missing, Missing::Failed("it ended with 101".to_owned()));
    }

    #[test]
    fn an_unknown_step_is_not_measured_yet() {
        let record = fixture::record();
        assert_eq!(record.figure("rust/native", Step::Start), Err(Missing::NotYet));
    }
}
