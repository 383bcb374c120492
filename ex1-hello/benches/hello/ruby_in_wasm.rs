//! CRuby as a guest: the whole interpreter, compiled to WebAssembly, under Wasmer.

use std::io;
use std::time::Instant;

use bench::cases::{self, Case, Column, Model, Recorder, Row, Step};
use bench::engines;
use criterion::{BatchSize, Criterion};
use ruby_in_wasm::{Compiler, Host, RUBY, Ruby, Start};
use wasm::compiled_code::Store as CompiledCode;
use wasmer::Module;

use crate::sink::{assert_says_the_line, null_device};

/// The same code as for CRuby.
const PUTS: &str = include_str!("puts.rb");

const LABEL: &str = "Ruby in Wasm, puts, sync, a loop in Ruby";

/// Runs last, because Ruby's host sets Wasmer's stack size, which is the same for the whole process.
pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    let about = engines::wasmer::of_ruby(Compiler::DEFAULT == Compiler::Cranelift);
    let id = format!("ruby/{}", about.id);
    let binary = match RUBY.read() {
        Ok(binary) => binary,
        Err(error) => return recorder.skipped(&id, LABEL, &error.to_string()),
    };
    let host = Host::new(Compiler::DEFAULT).unwrap();
    let cache = CompiledCode::default_location();
    let load = || host.load(&cache, &binary).unwrap();
    let module = load();

    assert_says_the_line(|sink| says_once(&host, &module, sink));
    assert_says_the_line(|sink| says_once(&host, &load(), sink));

    let mut case = Case {
        guest_bytes: Some(binary.len() as u64),
        compiled_bytes: Some(module.serialize().unwrap().len() as u64),
        versions: about.versions.clone(),
        ..Case::new(id, LABEL, Row::HelloWorld, Model::Call, Column::RubyInWasm, about.name)
    };
    let package = format!("{} {}", RUBY.name, RUBY.version);
    case.versions.insert("ruby".to_owned(), package);
    let mut group = criterion.benchmark_group(&case.id);
    group.sample_size(10);
    // Ten times ten seconds or more, so that one round is enough. A test does not run it.
    if !cfg!(debug_assertions) && cases::is_first_round() {
        group.bench_function(case.measures(Step::Setup), |bencher| {
            bencher.iter(|| Module::new(host.engine(), &binary).unwrap());
        });
    }
    group.bench_function(case.measures(Step::Load), |bencher| bencher.iter(load));
    group.bench_function(case.measures(Step::Instantiate), |bencher| {
        bencher.iter_batched(null_device, |sink| start(&host, &module, sink), BatchSize::PerIteration);
    });
    group.bench_function(case.measures(Step::Start), |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| says_once(&host, &load(), sink),
            BatchSize::PerIteration,
        );
    });
    let mut ruby = start(&host, &module, null_device());
    group.bench_function(case.measures(Step::Work), |bencher| {
        bencher.iter_custom(|iterations| {
            let started = Instant::now();
            repeat(&mut ruby, iterations);
            started.elapsed()
        });
    });
    group.finish();
    recorder.measured(case);
}

fn start<'host>(host: &'host Host, module: &Module, sink: std::fs::File) -> Ruby<'host> {
    let start = Start {
        stdin: Box::new(io::empty()),
        stdout: Box::new(sink),
        ..Start::default()
    };
    let mut ruby = host.start(module, start).unwrap_or_else(|error| panic!("{error}"));
    for code in [PUTS, "$speaker = Speaker.new($stdout, true)"] {
        ruby.eval(code).unwrap_or_else(|error| panic!("{error}"));
    }
    ruby
}

fn repeat(ruby: &mut Ruby<'_>, times: u64) {
    ruby.eval(&format!("$speaker.repeat({times})"))
        .unwrap_or_else(|error| panic!("{error}"));
}

fn says_once(host: &Host, module: &Module, sink: std::fs::File) {
    repeat(&mut start(host, module, sink), 1);
}
