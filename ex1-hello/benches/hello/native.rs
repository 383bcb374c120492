//! The line, written by the host itself, without a guest.

use std::hint::black_box;
use std::io::Write;

use bench::cases::{Case, Column, Model, Recorder, Row, Step};
use criterion::Criterion;

use crate::sink::{LINE, assert_says_the_line, null_device};

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    assert_says_the_line(|mut sink| sink.write_all(LINE.as_bytes()).unwrap());

    let mut case = Case::new(
        "rust/native",
        "Rust, one write",
        Row::HelloWorld,
        Model::Call,
        Column::Rust,
        "native code",
    );
    let mut sink = null_device();
    criterion
        .benchmark_group(&case.id)
        .bench_function(case.measures(Step::Work), |bencher| {
            bencher.iter(|| sink.write_all(black_box(LINE.as_bytes())).unwrap());
        });
    recorder.measured(case);
}
