//! The guest written by hand, under Wasmer.

use std::fs::File;

use bench::cases::{Case, Column, Recorder, Row, Step};
use bench::engines::{self, About};
use criterion::{BatchSize, Bencher, Criterion};
use ex1_hello::source::Source;
use ex1_hello::untrusted::{self, Hello};
use wasm::compiled_code::Store as CompiledCode;
use wasmer::{Engine, Module};

use crate::guest::{self, Guest};
use crate::sink::null_device;

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    let source = Source::hello();
    let binary = source.assemble().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = CompiledCode::at(directory.path());
    for engines::wasmer::Wasmer { about, engine } in engines::wasmer::all(untrusted::LIMITS) {
        let guest = OnWasmer {
            engine,
            cache: &cache,
            binary: &binary,
        };
        let mut case = case(&about, &binary);
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
    crate::on_wasmtime::wat(criterion, recorder, &cache, &binary);
    engines::skip_others(recorder, "wat", "Wat guest");
}

/// The Wat guest's case in an engine.
pub(crate) fn case(about: &About, binary: &[u8]) -> Case {
    Case {
        versions: about.versions.clone(),
        guest_bytes: Some(binary.len() as u64),
        ..Case::new(
            format!("wat/{}", about.id),
            format!("Wat guest, {}", about.label),
            Row::HelloWorld,
            Column::Wat,
            about.name.clone(),
        )
    }
}

struct OnWasmer<'a> {
    engine: Engine,
    cache: &'a CompiledCode,
    binary: &'a [u8],
}

impl Guest for OnWasmer<'_> {
    type Module = Module;
    type Instance<'a>
        = Hello
    where
        Self: 'a;

    fn compile(&self) -> Module {
        Module::new(&self.engine, self.binary).unwrap()
    }

    fn load(&self) -> Module {
        untrusted::load(self.cache, &self.engine, self.binary).unwrap()
    }

    fn compiled_bytes(&self, module: &Module) -> usize {
        module.serialize().unwrap().len()
    }

    fn instantiate(&self, module: &Module, sink: File) -> Hello {
        Hello::instantiate(&self.engine, module, Box::new(sink)).unwrap()
    }

    fn say(&self, hello: &mut Hello) {
        hello.call().unwrap();
    }

    fn work(&self, bencher: &mut Bencher<'_>, module: &Module) {
        let mut hello = self.instantiate(module, null_device());
        bencher.iter(|| hello.call().unwrap());
    }
}
