//! The guests under Wasmer, with the library's own host code.

use ::wasm::compiled_code::{self, Store as CompiledCode};
use bench::cases::{Case, Recorder};
use bench::engines::{self, About};
use criterion::Criterion;
use ex2_parser::{Package, wasm};
use wasmer::{Engine, Module};

use crate::guest::{self, Guest};
use crate::page::Page;

pub(crate) fn bench(
    criterion: &mut Criterion,
    recorder: &mut Recorder,
    page: &Page,
    case: &dyn Fn(&About) -> Case,
    cache: &CompiledCode,
    binary: &[u8],
) {
    for wasmer in engines::wasmer::all(wasm::LIMITS) {
        let case = case(&wasmer.about);
        if let Some(why) = wasmer.refusal(binary) {
            recorder.skipped(&case.id, &case.label, &why);
            continue;
        }
        let guest = OnWasmer {
            engine: wasmer.engine,
            cache,
            binary,
        };
        guest::measure(criterion, recorder, page, case, &guest);
    }
}

struct OnWasmer<'a> {
    engine: Engine,
    cache: &'a CompiledCode,
    binary: &'a [u8],
}

impl Guest for OnWasmer<'_> {
    type Module = Module;
    type Parser = wasm::Parser;

    fn compile(&self) -> Module {
        Module::new(&self.engine, self.binary).unwrap()
    }

    fn load(&self) -> Module {
        compiled_code::wasmer::module(self.cache, &self.engine, self.binary).unwrap()
    }

    fn compiled_bytes(&self, module: &Module) -> usize {
        module.serialize().unwrap().len()
    }

    fn instantiate(&self, module: &Module) -> wasm::Parser {
        wasm::Parser::instantiate(&self.engine, module).unwrap()
    }

    fn package(&self, parser: &mut wasm::Parser, page: &[u8]) -> Package {
        parser.package(page).unwrap()
    }
}
