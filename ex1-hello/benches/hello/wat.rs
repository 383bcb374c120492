//! The guest written by hand, under Wasmer.

use std::fmt::Write;

use bench::cases::{Column, Recorder, Step};
use bench::engines;
use bench::engines::wasmer::Wasmer;
use criterion::{BatchSize, Criterion};
use ex1_hello::source::Source;
use ex1_hello::untrusted;
use wasm::compiled_code::Store as CompiledCode;
use wasmer::Module;

use crate::guest::{self, Guest};
use crate::module::{OnWasmer, Origin};
use crate::sink::null_device;

const WAT: Origin = Origin {
    id: "wat",
    label: "Wat guest",
    column: Column::Wat,
};

/// The same guest with more code, to measure the effect of the size alone.
const LARGE: Origin = Origin {
    id: "wat-large",
    label: "Wat guest with 2,000 unused functions",
    column: Column::Wat,
};

/// The number of added functions: together 26 KB, which become half a megabyte of machine code.
const UNUSED_FUNCTIONS: u32 = 2_000;

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    let source = Source::hello();
    let binary = source.assemble().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = CompiledCode::at(directory.path());
    for Wasmer { about, engine } in engines::wasmer::all(untrusted::LIMITS) {
        let guest = OnWasmer {
            engine,
            cache: &cache,
            binary: &binary,
        };
        let mut case = WAT.case(&about, &binary);
        let mut group = criterion.benchmark_group(&case.id);
        group.bench_function(case.measures(Step::Assemble), |bencher| {
            bencher.iter(|| source.assemble().unwrap());
        });
        group.bench_function(case.measures(Step::StartFromText), |bencher| {
            bencher.iter_batched(
                null_device,
                |sink| {
                    let module = Module::new(&guest.engine, source.assemble().unwrap()).unwrap();
                    guest.say(&mut guest.instantiate(&module, sink));
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
        guest::bench(criterion, recorder, case, &guest);
    }
    #[cfg(feature = "runtimes")]
    crate::on_wasmtime::module(criterion, recorder, &cache, WAT, &binary);
    engines::skip_others(recorder, WAT.id, WAT.label);

    let source = large(&source);
    let binary = source.assemble().unwrap();
    let guest = OnWasmer {
        engine: untrusted::engine(),
        cache: &cache,
        binary: &binary,
    };
    let case = LARGE.case(&engines::wasmer::default(), &binary);
    guest::bench(criterion, recorder, case, &guest);
}

/// `hello.wat` with unused functions before its last parenthesis.
fn large(source: &Source) -> Source {
    let text = String::from_utf8_lossy(&source.bytes);
    let mut text = text
        .trim_end()
        .strip_suffix(')')
        .expect("a module ends with a parenthesis")
        .to_owned();
    for number in 0..UNUSED_FUNCTIONS {
        let _ = write!(
            text,
            "(func (param i32) (result i32) (i32.mul (i32.add (local.get 0) (i32.const {number})) (local.get 0)))"
        );
    }
    Source {
        name: source.name.clone(),
        bytes: (text + ")").into_bytes().into(),
    }
}
