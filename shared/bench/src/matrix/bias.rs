//! The bias of the figures: what could make them unfair, in every run and in the run of one record.

use crate::matrix::record::Estimates;
use crate::matrix::{RUN_TO_RUN, Record, markdown, number, rounds};

/// An interval is wide if its half width is more than this part of its estimate.
const WIDE: f64 = 0.05;

/// A machine is busy if its load before the run was more than this for each core.
const BUSY: f64 = 0.5;

/// The statements about a record's bias, each as Markdown in one line.
pub fn statements(record: &Record) -> Vec<String> {
    let mut statements = vec![machine(record)];
    statements.extend(load(record));
    statements.push(format!(
        "It is one run. The intervals hold what varied within {} ({} confidence); two runs of one machine differ by \
         more, so nothing within {} of another is called faster. `cargo xtask matrix --compare` shows how far two \
         records differ.",
        if record.rounds > 1 {
            "the round that is shown"
        } else {
            "it"
        },
        confidence(record),
        number::percent(RUN_TO_RUN),
    ));
    statements.extend(quietest_rounds(record));
    statements.extend(wide(record));
    statements.push(
        "The Rust parser was written for this page by the people who measure it; Nokogiri, libxml2, Gumbo and HTree \
         read any page. Each is asked for the same total and bars, and each answer is asserted before it is timed."
            .to_owned(),
    );
    statements.push(
        "Compiled code and pages are in the system's cache, and the processor's branch predictor has seen the one page \
         a thousand times. A server that reads another page each time is slower, with every parser."
            .to_owned(),
    );
    statements.push(
        "Each Hello World goes to the null device by one `write`. A terminal takes longer than all of them.".to_owned(),
    );
    statements.push(
        "Only cases of one model are compared. A `call` is repeated in what is loaded and warm; a `start` takes a fresh \
         instance each time, as the Rust program under WASI does, which runs once from its start to its end; a \
         `process` takes a process. The first table has calls alone."
            .to_owned(),
    );
    statements.extend(ruby(record));
    statements.extend(skipped(record));
    statements.extend(changed(record));
    statements
}

/// The statements as a list.
pub fn in_words(record: &Record) -> String {
    let lines = statements(record)
        .into_iter()
        .map(|statement| format!("- {statement}\n"));
    lines.collect()
}

fn machine(record: &Record) -> String {
    let neighbours = match record.machine.virtual_machine {
        Some(true) => " It is a virtual machine: its neighbours take time from it that it can't see.",
        _ => "",
    };
    format!(
        "It is one machine: {}, with {}. Another processor orders close rows differently.{neighbours}",
        markdown::text(&record.machine.in_words()),
        markdown::text(&record.rustc)
    )
}

fn load(record: &Record) -> Option<String> {
    let load = record.load_before?;
    let cores = record.machine.cores.max(1) as f64;
    let verdict = match load.one / cores > BUSY {
        true => "it had other work to do, which makes every figure longer and its interval wider",
        false => "it had little else to do",
    };
    Some(format!(
        "Before the run, {:.2} threads wanted to run on its {} cores: {verdict}.",
        load.one, record.machine.cores
    ))
}

fn quietest_rounds(record: &Record) -> Option<String> {
    let estimates = record.benches.iter().flat_map(|bench| bench.estimates.values());
    let mut spreads: Vec<(f64, &Estimates)> = estimates
        .filter_map(|estimates| Some((rounds::spread(estimates)?, estimates)))
        .collect();
    spreads.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    let (middle, _) = spreads.get(spreads.len() / 2)?;
    let (most, noisiest) = spreads.last()?;
    Some(format!(
        "Each bench ran {} times, some minutes apart, and each figure is that of its quietest round, because what else \
         runs on a machine only ever takes time away. From its quietest to its noisiest round, half of the figures \
         grew by more than {}; the one that grew most, {}, by {}.",
        record.rounds,
        number::percent(*middle),
        markdown::text(&noisiest.id),
        number::percent(*most),
    ))
}

fn confidence(record: &Record) -> String {
    let mut estimates = record.benches.iter().flat_map(|bench| bench.estimates.values());
    let confidence = estimates.next().map_or(0.95, |estimates| estimates.confidence);
    number::percent(confidence)
}

fn wide(record: &Record) -> Option<String> {
    let estimates: Vec<&Estimates> = record
        .benches
        .iter()
        .flat_map(|bench| bench.estimates.values())
        .collect();
    let width = |estimates: &Estimates| estimates.median.relative_half_width();
    let wide = estimates.iter().filter(|estimates| width(estimates) > WIDE).count();
    let widest = estimates
        .iter()
        .max_by(|left, right| width(left).total_cmp(&width(right)))?;
    Some(format!(
        "Of {} estimates, {wide} have an interval of more than {} to each side; the widest is that of {}, {}.",
        estimates.len(),
        number::percent(WIDE),
        markdown::text(&widest.id),
        number::percent(width(widest)),
    ))
}

fn ruby(record: &Record) -> Option<String> {
    let ruby = record.ruby()?;
    let yjit = match ruby.yjit {
        true => "with and without YJIT",
        false => "which was built without YJIT: a newer one runs Ruby code faster, and C extensions as fast",
    };
    Some(format!("Ruby is {}, {yjit}.", markdown::text(&ruby.version)))
}

fn skipped(record: &Record) -> Option<String> {
    let names: Vec<String> = record
        .benches
        .iter()
        .flat_map(|bench| &bench.skipped)
        .map(|skipped| markdown::text(&skipped.label))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Left out, so that nothing is known of how they would compare: {}.",
            names.join("; ")
        )
    })
}

fn changed(record: &Record) -> Option<String> {
    let changed = record.commit.as_ref().is_some_and(|commit| commit.changed);
    changed.then(|| "Files differed from the commit that the record names.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    #[test]
    fn the_load_before_the_run_is_stated() {
        let mut record = fixture::record();
        assert!(in_words(&record).contains("it had little else to do"));
        record.load_before.as_mut().unwrap().one = 1.5;
        assert!(in_words(&record).contains("1.50 threads wanted to run on its 2 cores: it had other work"));
        record.load_before = None;
        assert!(!in_words(&record).contains("threads wanted"));
    }

    #[test]
    fn the_machine_is_named_and_virtual_only_where_it_is() {
        let mut record = fixture::record();
        let text = in_words(&record);
        assert!(
            text.contains("Processor 9000, 2 cores") && text.contains("neighbours"),
            "{text}"
        );
        record.machine.virtual_machine = Some(false);
        assert!(!in_words(&record).contains("neighbours"));
    }

    #[test]
    fn wide_intervals_are_counted_and_the_widest_named() {
        let mut record = fixture::record();
        assert!(in_words(&record).contains(", 0 have an interval of more than 5.0 %"));
        let estimates = record.benches[0].estimates.values_mut().next().unwrap();
        estimates.id = "the/widest".to_owned();
        estimates.median.upper = estimates.median.estimate * 1.395;
        let text = in_words(&record);
        assert!(
            text.contains(", 1 have an interval") && text.contains("that of the/widest, 20 %"),
            "{text}"
        );
    }

    #[test]
    fn the_number_of_rounds_is_stated_with_their_spread() {
        let mut record = fixture::record();
        assert!(!in_words(&record).contains("quietest"));
        assert!(in_words(&record).contains("what varied within it (95 %"));
        record.rounds = 2;
        let mut estimates = record.benches[0].estimates.values_mut();
        for (longest, id) in [(1.1, "a"), (3.0, "noisy"), (1.2, "b")] {
            let estimates = estimates.next().unwrap();
            estimates.id = id.to_owned();
            estimates.rounds = vec![longest, 1.0];
        }
        let text = in_words(&record);
        assert!(text.contains("Each bench ran 2 times"), "{text}");
        assert!(
            text.contains("grew by more than 20 %; the one that grew most, noisy, by 200 %"),
            "{text}"
        );
        assert!(text.contains("within the round that is shown"), "{text}");
    }

    #[test]
    fn skipped_cases_and_changed_files_are_stated() {
        let mut record = fixture::record();
        assert!(!in_words(&record).contains("Left out"));
        fixture::skip(&mut record, "htree", "not installed");
        record.commit.as_mut().unwrap().changed = true;
        let text = in_words(&record);
        assert!(
            text.contains("how they would compare: htree.\n") && text.contains("differed from the commit"),
            "{text}"
        );
    }
}
