//! A record for tests. Its figures are those of a first trial.

use std::collections::BTreeMap;

use crate::cases::{Case, Column, Model, Row, Skipped, Step};
use crate::exact::{Counts, ExactFigures};

use crate::matrix::Interval;
use crate::matrix::machine::{Commit, Load, Machine};
use crate::matrix::record::{Bench, Estimates, Record, SCHEMA};

/// An estimate ± 0.5 %.
pub(crate) fn interval(estimate: f64) -> Interval {
    // Rounded as in a record, so that a record that is read again is equal.
    let recorded = |value| crate::matrix::number::rounded(value, 7);
    Interval {
        estimate: recorded(estimate),
        lower: recorded(estimate * 0.995),
        upper: recorded(estimate * 1.005),
    }
}

pub(crate) fn estimates(nanoseconds: f64) -> Estimates {
    Estimates {
        id: "group/function".to_owned(),
        confidence: 0.95,
        samples: 100,
        median: interval(nanoseconds),
        mean: interval(nanoseconds * 1.01),
        slope: None,
        rounds: Vec::new(),
    }
}

fn add(bench: &mut Bench, id: &str, row: Row, column: Column, engine: &str, steps: &[(Step, f64)]) {
    let directory = |step: Step| format!("{}/{step}", id.replace('/', "_"));
    for (step, nanoseconds) in steps {
        bench.estimates.insert(directory(*step), estimates(*nanoseconds));
    }
    let guest = matches!(column, Column::Wat | Column::RustInWasm | Column::RubyInWasm);
    let model = match row {
        Row::ProcessStart => Model::Process,
        // The WASI program, which runs from its start to its end.
        _ if id == "rust/wasmer-cranelift" => Model::Start,
        _ => Model::Call,
    };
    bench.cases.push(Case {
        id: id.to_owned(),
        label: id.to_owned(),
        row,
        model,
        column,
        engine: engine.to_owned(),
        versions: BTreeMap::new(),
        guest_bytes: guest.then_some(if column == Column::Wat { 240 } else { 70_000 }),
        compiled_bytes: guest.then_some(400_000),
        steps: steps.iter().map(|(step, _)| (*step, directory(*step))).collect(),
    });
}

fn empty(name: &str) -> Bench {
    Bench {
        name: name.to_owned(),
        seconds: 60.0,
        failed: None,
        ruby: None,
        cases: Vec::new(),
        skipped: Vec::new(),
        estimates: BTreeMap::new(),
        rates: BTreeMap::new(),
    }
}

/// A complete record, with a figure for each place of the matrix.
pub(crate) fn record() -> Record {
    use Step::{Ready, Setup, Start, Work};
    let wasmer = "Wasmer 7.4.2, Cranelift";
    let mut hello = empty("hello");
    let row = Row::HelloWorld;
    add(&mut hello, "rust/native", row, Column::Rust, "native", &[(Work, 140.0)]);
    add(
        &mut hello,
        "ruby/puts",
        row,
        Column::Ruby,
        "CRuby 3.1.2",
        &[(Start, 60e6), (Work, 470.0)],
    );
    let steps = [(Setup, 480e3), (Ready, 28e3), (Start, 30e3), (Work, 230.0)];
    add(&mut hello, "wat/wasmer-cranelift", row, Column::Wat, wasmer, &steps);
    let steps = [(Setup, 9e6), (Ready, 60e3), (Start, 62e3), (Work, 232.0)];
    add(
        &mut hello,
        "wat-large/wasmer-cranelift",
        row,
        Column::Wat,
        wasmer,
        &steps,
    );
    let steps = [(Setup, 470e3), (Ready, 28e3), (Start, 30e3), (Work, 260.0)];
    add(
        &mut hello,
        "rust-module/wasmer-cranelift",
        row,
        Column::RustInWasm,
        wasmer,
        &steps,
    );
    let steps = [(Setup, 9e6), (Start, 90e3), (Work, 320.0)];
    add(
        &mut hello,
        "rust/wasmer-cranelift",
        row,
        Column::RustInWasm,
        wasmer,
        &steps,
    );
    let steps = [(Setup, 9.5e9), (Start, 80e6), (Work, 2500.0)];
    add(
        &mut hello,
        "ruby/wasmer-cranelift",
        row,
        Column::RubyInWasm,
        wasmer,
        &steps,
    );
    let row = Row::ProcessStart;
    add(
        &mut hello,
        "ruby/process",
        row,
        Column::Ruby,
        "CRuby 3.1.2",
        &[(Start, 60e6)],
    );

    let mut parser = empty("parser");
    let row = Row::HtmlParser;
    add(
        &mut parser,
        "nokogiri/html5",
        row,
        Column::NativeC,
        "Gumbo",
        &[(Work, 8.5e6)],
    );
    add(&mut parser, "htree", row, Column::Ruby, "CRuby 3.1.2", &[(Work, 66e6)]);
    add(
        &mut parser,
        "stream/native",
        row,
        Column::Rust,
        "native",
        &[(Work, 120e3)],
    );
    let steps = [(Setup, 20e6), (Ready, 600e3), (Start, 900e3), (Work, 200e3)];
    add(
        &mut parser,
        "stream/wasmer-cranelift",
        row,
        Column::RustInWasm,
        wasmer,
        &steps,
    );
    let steps = [(Setup, 60e6), (Ready, 1_200e3), (Start, 6e6), (Work, 4_500e3)];
    add(
        &mut parser,
        "dom/wasmer-cranelift",
        row,
        Column::RustInWasm,
        wasmer,
        &steps,
    );
    add(
        &mut parser,
        "ghcr-page/guest",
        row,
        Column::WasmFromRuby,
        "CRuby 3.1.2",
        &[(Work, 370e3)],
    );
    add(
        &mut parser,
        "htree/wasmer-cranelift",
        row,
        Column::RubyInWasm,
        wasmer,
        &[(Work, 700e6)],
    );

    Record {
        schema: SCHEMA,
        recorded_at: "2026-11-22T12:20:31Z".parse().unwrap(),
        quick: false,
        rounds: 1,
        all_benches: true,
        machine: Machine {
            processor: "Processor 9000".to_owned(),
            architecture: "x86_64".to_owned(),
            cores: 2,
            memory_bytes: 8 << 30,
            virtual_machine: Some(true),
            system: "Linux (Debian GNU/Linux 12)".to_owned(),
            kernel: "Linux 6.1.0".to_owned(),
        },
        load_before: Some(Load {
            one: 0.1,
            five: 0.1,
            fifteen: 0.1,
        }),
        load_after: Some(Load {
            one: 1.1,
            five: 1.0,
            fifteen: 0.9,
        }),
        rustc: "rustc 1.95.0".to_owned(),
        commit: Some(Commit {
            id: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            changed: false,
        }),
        exact_figures: [("ex1-hello".to_owned(), exact_figures(4))].into(),
        benches: vec![hello, parser],
    }
}

/// The counts of a guest that executes this many instructions.
pub(crate) fn exact_figures(instructions: u64) -> ExactFigures {
    let counts = Counts {
        sha256: "ca93b9817403".to_owned(),
        module_bytes: 151,
        start_instructions: 31,
        instructions,
        host_calls: 1,
        bytes_in: 0,
        bytes_out: 29,
        memory_pages: 1,
        compiled_bytes: None,
        native_instructions: None,
    };
    ExactFigures([("written by hand".to_owned(), counts)].into())
}

pub(crate) fn bench<'a>(record: &'a Record, name: &str) -> &'a Bench {
    record.benches.iter().find(|bench| bench.name == name).unwrap()
}

/// Turns a measured case into a skipped one.
pub(crate) fn skip(record: &mut Record, id: &str, why: &str) {
    for bench in &mut record.benches {
        if let Some(place) = bench.cases.iter().position(|case| case.id == id) {
            let case = bench.cases.remove(place);
            bench.skipped.push(Skipped {
                id: id.to_owned(),
                label: case.label,
                why: why.to_owned(),
            });
        }
    }
}

/// Replaces a case's figure.
pub(crate) fn set(record: &mut Record, id: &str, step: Step, median: Interval) {
    let (bench, case) = record.case(id).unwrap();
    let (bench, directory) = (bench.name.clone(), case.steps[&step].clone());
    let bench = record.benches.iter_mut().find(|other| other.name == bench).unwrap();
    bench.estimates.get_mut(&directory).unwrap().median = median;
}
