//! The steps of a guest, measured in the same way in every engine.

use std::fs::File;
use std::time::Duration;

use bench::cases::{Case, Recorder, Step};
use criterion::{BatchSize, Bencher, Criterion};

use crate::sink::{assert_says_the_line, null_device};

/// The warm-up of steps that create modules. A Wasmer engine keeps the code of all its modules until it is dropped, and
/// Linux allows a process 65,530 mappings. A longer measurement would exceed that number.
const MODULE_WARM_UP: Duration = Duration::from_millis(50);
/// The measurement of steps that create modules.
const MODULE_MEASUREMENT: Duration = Duration::from_millis(200);

/// A guest in an engine.
pub(crate) trait Guest {
    /// The compiled module.
    type Module;
    /// The instance, which can print the line.
    type Instance<'a>
    where
        Self: 'a;

    fn compile(&self) -> Self::Module;
    /// Loads the module from the cache of compiled code.
    fn load(&self) -> Self::Module;
    /// The size of the compiled code.
    fn compiled_bytes(&self, module: &Self::Module) -> usize;
    fn instantiate(&self, module: &Self::Module, sink: File) -> Self::Instance<'_>;
    /// Prints the line, once for each instance.
    fn say<'a>(&'a self, instance: &mut Self::Instance<'a>);

    /// Measures the work. By default each line needs a new instance, as for a program that runs from its start to its
    /// end.
    fn work(&self, bencher: &mut Bencher<'_>, module: &Self::Module) {
        bencher.iter_batched_ref(
            || self.instantiate(module, null_device()),
            |instance| self.say(instance),
            BatchSize::PerIteration,
        );
    }
}

/// Asserts that a guest prints the line, compiled and loaded, measures its steps, and records them.
pub(crate) fn bench<G: Guest>(criterion: &mut Criterion, recorder: &mut Recorder, mut case: Case, guest: &G) {
    let say = |module: &G::Module, sink: File| {
        let mut instance = guest.instantiate(module, sink);
        guest.say(&mut instance);
    };
    let module = guest.compile();
    case.compiled_bytes = Some(guest.compiled_bytes(&module) as u64);
    assert_says_the_line(|sink| say(&module, sink));
    // The first load compiles and stores the code, the second finds it.
    for _ in 0..2 {
        assert_says_the_line(|sink| say(&guest.load(), sink));
    }

    let mut group = criterion.benchmark_group(&case.id);
    group.warm_up_time(MODULE_WARM_UP).measurement_time(MODULE_MEASUREMENT);
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
