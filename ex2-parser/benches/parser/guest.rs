//! A guest in an engine: compiling, loading, instantiating and reading a page, measured the same way in every engine.

use std::hint::black_box;

use bench::cases::{Case, Recorder, Step};
use criterion::{Criterion, Throughput};
use ex2_parser::Package;

use crate::page::Page;

/// A guest in a WebAssembly engine.
pub(crate) trait Guest {
    /// The compiled module.
    type Module;
    /// An instance that can read pages.
    type Parser;

    fn compile(&self) -> Self::Module;
    /// Loads the compiled module from the cache.
    fn load(&self) -> Self::Module;
    /// The size of the compiled module.
    fn compiled_bytes(&self, module: &Self::Module) -> usize;
    fn instantiate(&self, module: &Self::Module) -> Self::Parser;
    fn package(&self, parser: &mut Self::Parser, page: &[u8]) -> Package;
}

/// Asserts the guest's answer, freshly compiled and loaded from the cache. Then measures its steps, and records them.
pub(crate) fn measure<G: Guest>(
    criterion: &mut Criterion,
    recorder: &mut Recorder,
    page: &Page,
    mut case: Case,
    guest: &G,
) {
    let read = |module: &G::Module| guest.package(&mut guest.instantiate(module), page.bytes());
    let module = guest.compile();
    case.compiled_bytes = Some(guest.compiled_bytes(&module) as u64);
    page.assert_answer(&case, &read(&module));
    // The first load compiles the module and fills the cache, the second one reads the cache.
    for _ in 0..2 {
        page.assert_answer(&case, &read(&guest.load()));
    }
    let mut parser = guest.instantiate(&module);
    // One instance reads many pages: the first page must not change the answer for the second.
    for _ in 0..2 {
        page.assert_answer(&case, &guest.package(&mut parser, page.bytes()));
    }

    let mut group = criterion.benchmark_group(&case.id);
    group.bench_function(case.measures(Step::Setup), |bencher| bencher.iter(|| guest.compile()));
    group.bench_function(case.measures(Step::Load), |bencher| bencher.iter(|| guest.load()));
    group.bench_function(case.measures(Step::Instantiate), |bencher| {
        bencher.iter(|| guest.instantiate(&module));
    });
    group.bench_function(case.measures(Step::Ready), |bencher| {
        bencher.iter(|| guest.instantiate(&guest.load()));
    });
    group.bench_function(case.measures(Step::Start), |bencher| {
        bencher.iter(|| read(black_box(&guest.load())));
    });
    group.throughput(Throughput::Bytes(page.bytes().len() as u64));
    group.bench_function(case.measures(Step::Work), |bencher| {
        bencher.iter(|| guest.package(&mut parser, black_box(page.bytes())));
    });
    group.finish();
    recorder.measured(case);
}
