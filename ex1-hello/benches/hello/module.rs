//! A module with the two imports of `hello.wat`, under Wasmer. The host is the same for Wat and Rust.

use std::fs::File;

use bench::cases::{Case, Column, Model, Row};
use bench::engines::About;
use criterion::Bencher;
use ex1_hello::untrusted::{self, Hello};
use wasm::compiled_code::Store as CompiledCode;
use wasmer::{Engine, Module};

use crate::guest::Guest;
use crate::sink::null_device;

/// The source language of a module.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    /// The part of a case's id: `wat`.
    pub(crate) id: &'static str,
    /// The part of a case's label: `Wat guest`.
    pub(crate) label: &'static str,
    pub(crate) column: Column,
}

impl Origin {
    /// The module's case in an engine.
    pub(crate) fn case(self, about: &About, binary: &[u8]) -> Case {
        Case {
            versions: about.versions.clone(),
            guest_bytes: Some(binary.len() as u64),
            ..Case::new(
                format!("{}/{}", self.id, about.id),
                format!("{}, {}", self.label, about.label),
                Row::HelloWorld,
                Model::Call,
                self.column,
                about.name.clone(),
            )
        }
    }
}

/// A module under the host for untrusted modules.
pub(crate) struct OnWasmer<'a> {
    pub(crate) engine: Engine,
    pub(crate) cache: &'a CompiledCode,
    pub(crate) binary: &'a [u8],
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
