//! The program compiled from Rust, under Wasmer and its WASI. It runs from its start to its end, so that each line
//! needs a fresh instance.

use std::fs::File;
use std::io;

use bench::cases::{Case, Column, Model, Recorder, Row};
use bench::engines::{self, About};
use criterion::Criterion;
use wasi_host::{Host, Process, Program};
use wasm::compiled_code::{self, Store as CompiledCode};
use wasm::guests;
use wasmer::{Imports, Module};

use crate::guest::{self, Guest};

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    let binary = guests::HELLO.read().unwrap_or_else(|error| panic!("{error}"));
    let directory = tempfile::tempdir().unwrap();
    let cache = CompiledCode::at(directory.path());
    for wasmer in engines::wasmer::all(wasi_host::LIMITS) {
        let case = case(&wasmer.about, &binary);
        if let Some(why) = wasmer.refusal(&binary) {
            recorder.skipped(&case.id, &case.label, &why);
            continue;
        }
        let guest = OnWasmer {
            host: Host::with(wasmer.engine, |_, _| Imports::new()).unwrap(),
            cache: &cache,
            binary: &binary,
        };
        guest::bench(criterion, recorder, case, &guest);
    }
    #[cfg(feature = "runtimes")]
    crate::on_wasmtime::rust(criterion, recorder, case, &cache, &binary);
    engines::skip_others(recorder, "rust", "Rust under WASI");
}

/// The program's case in an engine.
fn case(about: &About, binary: &[u8]) -> Case {
    Case {
        versions: about.versions.clone(),
        guest_bytes: Some(binary.len() as u64),
        ..Case::new(
            format!("rust/{}", about.id),
            format!("Rust under WASI, {}", about.label),
            Row::HelloWorld,
            Model::Start,
            Column::RustInWasm,
            about.name.clone(),
        )
    }
}

struct OnWasmer<'a> {
    host: Host,
    cache: &'a CompiledCode,
    binary: &'a [u8],
}

impl Guest for OnWasmer<'_> {
    type Module = Module;
    /// A WASI command runs once, from its start to its end.
    type Instance<'a>
        = Option<Process<'a>>
    where
        Self: 'a;

    fn compile(&self) -> Module {
        Module::new(self.host.engine(), self.binary).unwrap()
    }

    fn load(&self) -> Module {
        compiled_code::wasmer::module(self.cache, self.host.engine(), self.binary).unwrap()
    }

    fn compiled_bytes(&self, module: &Module) -> usize {
        module.serialize().unwrap().len()
    }

    fn instantiate(&self, module: &Module, sink: File) -> Self::Instance<'_> {
        let program = Program {
            name: "hello".to_owned(),
            arguments: Vec::new(),
            stdin: Box::new(io::empty()),
            stdout: Box::new(sink),
            stderr: Box::new(io::stderr()),
        };
        Some(self.host.instantiate(module, program).unwrap())
    }

    fn say<'a>(&'a self, process: &mut Self::Instance<'a>) {
        let process = process.take().expect("it is started once");
        assert_eq!(process.start().unwrap(), 0);
    }
}
