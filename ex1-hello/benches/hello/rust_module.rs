//! The module compiled from Rust. It has the imports and the export of `hello.wat`, so that host and model are the
//! same.

use bench::cases::{Column, Recorder};
use bench::engines;
use criterion::Criterion;
use ex1_hello::untrusted;
use wasm::compiled_code::Store as CompiledCode;
use wasm::guests;

use crate::guest;
use crate::module::{OnWasmer, Origin};

const MODULE: Origin = Origin {
    id: "rust-module",
    label: "Rust module",
    column: Column::RustInWasm,
};

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    let binary = guests::HELLO_MODULE.read().unwrap_or_else(|error| panic!("{error}"));
    let directory = tempfile::tempdir().unwrap();
    let cache = CompiledCode::at(directory.path());
    for wasmer in engines::wasmer::all(untrusted::LIMITS) {
        let case = MODULE.case(&wasmer.about, &binary);
        if let Some(why) = wasmer.refusal(&binary) {
            recorder.skipped(&case.id, &case.label, &why);
            continue;
        }
        let guest = OnWasmer {
            engine: wasmer.engine,
            cache: &cache,
            binary: &binary,
        };
        guest::bench(criterion, recorder, case, &guest);
    }
    #[cfg(feature = "runtimes")]
    crate::on_wasmtime::module(criterion, recorder, &cache, MODULE, &binary);
    engines::skip_others(recorder, MODULE.id, MODULE.label);
}
