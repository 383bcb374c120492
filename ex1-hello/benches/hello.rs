//! How long each step of a Hello World takes, and each whole start, for the module written by hand and for the one
//! compiled from Rust.
//!
//! ```sh
//! cargo bench -p ex1-hello
//! ```
//!
//! Every line is written to the same sink, the system's null device, by one `write`, so that what is left over is the
//! guest and its host. `native/write` is that write alone. Whether each says the right line is asserted first, with a
//! file as the sink.
//!
//! Bias: the kept code of both guests is in the system's file cache; the Rust guest is given a full WASI, which is
//! made anew for each instance, and the Wat guest two imports.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Write};

use compiled_code::Store as CompiledCode;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ex1_hello::hello::{self, Hello};
use ex1_hello::source::Source;
use wasi_host::{Host, Program};
use wasmer::Module;

const LINE: &str = "Hello World from WebAssembly!\n";

/// The sink of everything that is measured.
fn null_device() -> File {
    let path = if cfg!(windows) { "NUL" } else { "/dev/null" };
    File::options()
        .write(true)
        .open(path)
        .expect("every system has a null device")
}

/// Runs something with a file as its sink, and checks that it wrote the line.
fn assert_says_the_line(directory: &tempfile::TempDir, say: impl FnOnce(File)) {
    let path = directory.path().join("line");
    say(File::create(&path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), LINE);
}

fn native(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    assert_says_the_line(&directory, |mut sink| sink.write_all(LINE.as_bytes()).unwrap());

    let mut sink = null_device();
    criterion.bench_function("native/write", |bencher| {
        bencher.iter(|| sink.write_all(black_box(LINE.as_bytes())).unwrap());
    });
}

fn wat(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let kept = CompiledCode::at(directory.path().join("kept"));
    let engine = hello::engine();
    let source = Source::hello();
    let binary = source.assemble().unwrap();
    let module = hello::load(&kept, &engine, &binary).unwrap();
    let instantiate = |module: &Module, sink: File| Hello::instantiate(&engine, module, Box::new(sink)).unwrap();

    assert_says_the_line(&directory, |sink| instantiate(&module, sink).call().unwrap());
    let loaded = hello::load(&kept, &engine, &binary).unwrap();
    assert_says_the_line(&directory, |sink| instantiate(&loaded, sink).call().unwrap());

    let mut group = criterion.benchmark_group("wat");
    group.bench_function("assemble", |bencher| bencher.iter(|| source.assemble().unwrap()));
    group.bench_function("compile", |bencher| {
        bencher.iter(|| Module::new(&engine, &binary).unwrap())
    });
    group.bench_function("load", |bencher| {
        bencher.iter(|| hello::load(&kept, &engine, &binary).unwrap())
    });
    group.bench_function("instantiate", |bencher| {
        bencher.iter_batched(null_device, |sink| instantiate(&module, sink), BatchSize::PerIteration);
    });
    let mut hello = instantiate(&module, null_device());
    group.bench_function("call", |bencher| bencher.iter(|| hello.call().unwrap()));
    group.bench_function("start from text", |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| {
                let module = Module::new(&engine, source.assemble().unwrap()).unwrap();
                instantiate(&module, sink).call().unwrap();
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("start from kept code", |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| {
                instantiate(&hello::load(&kept, &engine, &binary).unwrap(), sink)
                    .call()
                    .unwrap()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn rust(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let kept = CompiledCode::at(directory.path().join("kept"));
    let host = Host::new(wasi_host::LIMITS).unwrap();
    let binary = guests::HELLO.read().unwrap();
    let load = || compiled_code::wasmer::module(&kept, host.engine(), &binary).unwrap();
    let module = load();
    let program = |sink: File| Program {
        name: "hello".to_owned(),
        arguments: Vec::new(),
        stdin: Box::new(io::empty()),
        stdout: Box::new(sink),
        stderr: Box::new(io::stderr()),
    };

    assert_says_the_line(&directory, |sink| {
        assert_eq!(host.run(&module, program(sink)).unwrap(), 0)
    });
    assert_says_the_line(&directory, |sink| {
        assert_eq!(host.run(&load(), program(sink)).unwrap(), 0)
    });

    let mut group = criterion.benchmark_group("rust");
    group.bench_function("compile", |bencher| {
        bencher.iter(|| Module::new(host.engine(), &binary).unwrap())
    });
    group.bench_function("load", |bencher| bencher.iter(load));
    group.bench_function("instantiate", |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| host.instantiate(&module, program(sink)).unwrap(),
            BatchSize::PerIteration,
        );
    });
    // A WASI command runs once, from its start to its end, so each call needs an instance of its own.
    group.bench_function("call", |bencher| {
        bencher.iter_batched(
            || host.instantiate(&module, program(null_device())).unwrap(),
            |process| process.start().unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("start from binary", |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| {
                host.run(&Module::new(host.engine(), &binary).unwrap(), program(sink))
                    .unwrap()
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("start from kept code", |bencher| {
        bencher.iter_batched(
            null_device,
            |sink| host.run(&load(), program(sink)).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(hello_world, native, wat, rust);
criterion_main!(hello_world);
