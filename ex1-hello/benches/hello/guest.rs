//! The steps of a guest's life, measured the same way in every engine.

use std::fs::File;
use std::time::Duration;

use bench::cases::{Case, Recorder, Step};
use criterion::{BatchSize, Bencher, Criterion};

use crate::sink::{assert_says_the_line, null_device};

/// How long modules are made. A Wasmer engine keeps the code of every module that was made in it, until it goes itself,
/// and Linux lets a process have 65,530 mappings: a longer measurement would run out of them.
const MAKING_WARM_UP: Duration = Duration::from_millis(50);
const MAKING_MEASUREMENT: Duration = Duration::from_millis(200);

/// A guest in an engine.
pub(crate) trait Guest {
    /// What it was compiled to.
    type Module;
    /// What can say the line.
    type Instance<'a>
    where
        Self: 'a;

    fn compile(&self) -> Self::Module;
    /// Loads what was compiled before.
    fn load(&self) -> Self::Module;
    /// The size of what it was compiled to.
    fn compiled_bytes(&self, module: &Self::Module) -> usize;
    fn instantiate(&self, module: &Self::Module, sink: File) -> Self::Instance<'_>;
    /// Says the line, for the first time.
    fn say<'a>(&'a self, instance: &mut Self::Instance<'a>);

    /// Measures a warm call. A guest that runs from its start to its end needs an instance for each.
    fn work(&self, bencher: &mut Bencher<'_>, module: &Self::Module) {
        bencher.iter_batched_ref(
            || self.instantiate(module, null_device()),
            |instance| self.say(instance),
            BatchSize::PerIteration,
        );
    }
}

/// Asserts that a guest says the line, compiled and loaded, measures its steps, and records them.
pub(crate) fn bench<G: Guest>(criterion: &mut Criterion, recorder: &mut Recorder, mut case: Case, guest: &G) {
    let say = |module: &G::Module, sink: File| {
        let mut instance = guest.instantiate(module, sink);
        guest.say(&mut instance);
    };
    let module = guest.compile();
    case.compiled_bytes = Some(guest.compiled_bytes(&module) as u64);
    assert_says_the_line(|sink| say(&module, sink));
    // The first load keeps what it compiles, the second one finds it.
    for _ in 0..2 {
        assert_says_the_line(|sink| say(&guest.load(), sink));
    }

    let mut group = criterion.benchmark_group(&case.id);
    group.warm_up_time(MAKING_WARM_UP).measurement_time(MAKING_MEASUREMENT);
    group.bench_function(case.measures(Step::Setup), |bencher| bencher.iter(|| guest.compile()));
    group.bench_function(case.measures(Step::Load), |bencher| bencher.iter(|| guest.load()));
    group.bench_function(case.measures(Step::Instantiate), |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| guest.instantiate(&module, sink),
            BatchSize::PerIteration,
        );
    });
    group.bench_function(case.measures(Step::Ready), |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| guest.instantiate(&guest.load(), sink),
            BatchSize::PerIteration,
        );
    });
    group.bench_function(case.measures(Step::StartFromBinary), |bencher| {
        bencher.iter_batched(null_device, |sink| say(&guest.compile(), sink), BatchSize::PerIteration);
    });
    group.bench_function(case.measures(Step::Start), |bencher| {
        bencher.iter_batched(null_device, |sink| say(&guest.load(), sink), BatchSize::PerIteration);
    });
    group.finish();
    let mut group = criterion.benchmark_group(&case.id);
    group.bench_function(case.measures(Step::Work), |bencher| guest.work(bencher, &module));
    group.finish();
    recorder.measured(case);
}
