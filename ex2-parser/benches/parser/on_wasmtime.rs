//! The guests under wasmtime. The host code makes the same checks as the library's own.

use ::wasm::compiled_code::Store as CompiledCode;
use bench::cases::{Case, Recorder};
use bench::engines::About;
use bench::engines::wasmtime::Wasmtime;
use bench::engines::wasmtime::wasmtime::{
    Caller, Engine, Error, Extern, Func, Instance, Memory, Module, Result, Store, StoreLimits, StoreLimitsBuilder,
    TypedFunc, Val,
};
use criterion::Criterion;
use ex2_parser::{Package, wasm};

use crate::guest::{self, Guest};
use crate::page::Page;

/// WASI's error number for a function that the host does not implement.
const ENOSYS: i32 = 52;

pub(crate) fn bench(
    criterion: &mut Criterion,
    recorder: &mut Recorder,
    page: &Page,
    case: &dyn Fn(&About) -> Case,
    cache: &CompiledCode,
    binary: &[u8],
) {
    let wasmtime = Wasmtime::default();
    let case = case(&wasmtime.about);
    let guest = OnWasmtime {
        wasmtime,
        cache,
        binary,
    };
    guest::measure(criterion, recorder, page, case, &guest);
}

struct OnWasmtime<'a> {
    wasmtime: Wasmtime,
    cache: &'a CompiledCode,
    binary: &'a [u8],
}

struct Parser {
    store: Store<StoreLimits>,
    memory: Memory,
    allocate: TypedFunc<u32, u32>,
    extract: TypedFunc<(u32, u32), u32>,
    result: TypedFunc<(), u32>,
    result_length: TypedFunc<(), u32>,
}

impl Parser {
    fn instantiate(engine: &Engine, module: &Module) -> Result<Self> {
        let limits = StoreLimitsBuilder::new()
            .memory_size(wasm::LIMITS.memory.bytes().0)
            .table_elements(wasm::LIMITS.table as usize)
            .build();
        let mut store = Store::new(engine, limits);
        store.limiter(|limits| limits);
        let imports = imports(&mut store, module)?;
        let instance = Instance::new(&mut store, module, &imports)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        Ok(Self {
            memory: instance
                .get_memory(&mut store, "memory")
                .ok_or_else(|| Error::msg("no memory"))?,
            allocate: instance.get_typed_func(&mut store, "allocate")?,
            extract: instance.get_typed_func(&mut store, "extract")?,
            result: instance.get_typed_func(&mut store, "result")?,
            result_length: instance.get_typed_func(&mut store, "result_length")?,
            store,
        })
    }

    fn package(&mut self, page: &[u8]) -> Result<Package> {
        let length = u32::try_from(page.len())?;
        let pointer = self.allocate.call(&mut self.store, length)?;
        self.memory.write(&mut self.store, pointer as usize, page)?;
        let status = self.extract.call(&mut self.store, (0, length))?;
        let pointer = self.result.call(&mut self.store, ())? as usize;
        let length = self.result_length.call(&mut self.store, ())? as usize;
        let answer = self.memory.data(&self.store).get(pointer..pointer + length);
        match (status, answer) {
            (0, Some(answer)) => Ok(serde_json::from_slice(answer)?),
            _ => Err(Error::msg(format!("status {status}, {length} bytes at {pointer}"))),
        }
    }
}

/// The functions of WASI that Rust's standard library imports: no environment, no arguments, zeros as random numbers, and
/// `ENOSYS` for all others.
fn imports(store: &mut Store<StoreLimits>, module: &Module) -> Result<Vec<Extern>> {
    module
        .imports()
        .map(|import| {
            let function = import.ty();
            let function = function
                .func()
                .ok_or_else(|| Error::msg("it imports no function"))?
                .clone();
            let name = import.name().to_owned();
            Ok(Func::new(&mut *store, function, move |caller, arguments, results| {
                answer(caller, &name, arguments, results)
            })
            .into())
        })
        .collect()
}

fn answer(mut caller: Caller<'_, StoreLimits>, name: &str, arguments: &[Val], results: &mut [Val]) -> Result<()> {
    let zeros: &[(&Val, usize)] = match (name, arguments) {
        ("proc_exit", _) => return Err(Error::msg("it gave up")),
        ("environ_sizes_get" | "args_sizes_get", [count, size]) => &[(count, 4), (size, 4)],
        ("environ_get" | "args_get", _) => &[],
        ("random_get", [at, Val::I32(length @ 0..=1_024)]) => &[(at, *length as usize)],
        _ => {
            results.fill(Val::I32(ENOSYS));
            return Ok(());
        }
    };
    let memory = caller
        .get_export("memory")
        .and_then(Extern::into_memory)
        .ok_or_else(|| Error::msg("no memory"))?;
    for (at, count) in zeros {
        memory.write(&mut caller, at.unwrap_i32() as u32 as usize, &vec![0; *count])?;
    }
    results.fill(Val::I32(0));
    Ok(())
}

impl Guest for OnWasmtime<'_> {
    type Module = Module;
    type Parser = Parser;

    fn compile(&self) -> Module {
        Module::new(&self.wasmtime.engine, self.binary).unwrap()
    }

    fn load(&self) -> Module {
        self.wasmtime.load(self.cache, self.binary).unwrap()
    }

    fn compiled_bytes(&self, module: &Module) -> usize {
        module.serialize().unwrap().len()
    }

    fn instantiate(&self, module: &Module) -> Parser {
        Parser::instantiate(&self.wasmtime.engine, module).unwrap()
    }

    fn package(&self, parser: &mut Parser, page: &[u8]) -> Package {
        parser.package(page).unwrap()
    }
}
