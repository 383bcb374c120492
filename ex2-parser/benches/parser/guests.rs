//! The parser as a guest: both builds of it, in every engine.

use bench::cases::{Column, Recorder};
use bench::engines::{self, About};
use criterion::Criterion;
use wasm::compiled_code::Store as CompiledCode;
use wasm::guests;

use crate::on_wasmer;
use crate::page::Page;

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder, page: &Page) {
    let directory = tempfile::tempdir().unwrap();
    let cache = CompiledCode::at(directory.path());
    for (name, label, guest) in [
        ("stream", "Rust in Wasm, stream", guests::PARSER_STREAM),
        ("dom", "Rust in Wasm, dom", guests::PARSER_DOM),
    ] {
        let binary = guest.read().unwrap_or_else(|error| panic!("{error}"));
        let case = |about: &About| {
            let id = format!("{name}/{}", about.id);
            let label = format!("{label}, {}", about.label);
            let mut case = page.case(&id, &label, Column::RustInWasm, &about.name);
            case.versions.extend(about.versions.clone());
            case.guest_bytes = Some(binary.len() as u64);
            case
        };
        on_wasmer::bench(criterion, recorder, page, &case, &cache, &binary);
        #[cfg(feature = "runtimes")]
        crate::on_wasmtime::bench(criterion, recorder, page, &case, &cache, &binary);
        engines::skip_others(recorder, name, label);
    }
}
