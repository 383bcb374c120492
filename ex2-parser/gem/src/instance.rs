//! `WasmHost::Instance`: an instance of a module, linked with procs.

use std::hint;
use std::sync::Arc;
use std::time::Duration;

use magnus::block::Proc;
use magnus::prelude::*;
use magnus::typed_data::Obj;
use magnus::value::Opaque;
use magnus::{DataTypeFunctions, Error, RArray, RHash, Ruby, Symbol, TypedData, Value};
use wasm::guest_limits::MemoryUse;
use wasmer::{Extern, ExternType, FunctionType, GlobalType, InstantiationError, LinkError, MemoryType};

use crate::call::Options;
use crate::function::{self, Function};
use crate::global::Global;
use crate::memory::Memory;
use crate::module::Module;
use crate::store::Store;
use crate::store_cell::{Import, StoreCell};
use crate::{error, value};

#[derive(TypedData)]
#[magnus(class = "WasmHost::Instance", free_immediately, mark)]
pub(crate) struct Instance {
    store: Opaque<Obj<Store>>,
    /// The store's.
    cell: Arc<StoreCell>,
}

impl DataTypeFunctions for Instance {
    fn mark(&self, marker: &magnus::gc::Marker) {
        marker.mark(self.store);
    }
}

/// The value for an import.
enum ResolvedImport {
    /// The next function of the list of host functions.
    Function,
    Memory(Opaque<Obj<Memory>>, MemoryType),
    Global(wasmer::Value),
}

impl Instance {
    /// Links `module` with `imports`, `{"module" => {"name" => proc, memory or number}}`, and runs its start function.
    pub(crate) fn link(ruby: &Ruby, arguments: &[Value]) -> Result<Obj<Self>, Error> {
        type Arguments = (Obj<Module>, RHash, u64, Option<f64>, bool);
        let arguments: RArray = ruby.ary_from_iter(arguments.iter().copied());
        let (module, imports, memory_limit, time_limit, release_gvl): Arguments =
            magnus::TryConvert::try_convert(arguments.as_value())?;
        let options = Options {
            time_limit: duration(ruby, time_limit)?,
            release_gvl,
        };
        let memory = Arc::new(MemoryUse::default());
        let cell = StoreCell::new(module.engine(memory_limit, &memory), options, memory);
        // Created first: it marks the values that are taken out of the imports, for the garbage collector. Another
        // thread may remove them from the Hash.
        let store = Store::new(ruby, Arc::clone(&cell));
        let this = ruby.obj_wrap(Self {
            store: store.into(),
            cell,
        });
        // The collector finds it on the stack until the instance marks it.
        hint::black_box(&store);
        let (resolved, procs) = this.resolve_imports(ruby, imports, module.compiled())?;
        let functions = this.cell.define(ruby, procs)?;
        let mut attached = Vec::new();
        let linked = this.instantiate(ruby, store, &module, &resolved, functions, &mut attached);
        if linked.is_err() {
            for memory in attached {
                memory.detach();
            }
        }
        // Also if the instantiation failed.
        this.cell.report_memory(ruby)?;
        linked.map(|()| this)
    }

    /// Finds the value for each import.
    fn resolve_imports(
        &self,
        ruby: &Ruby,
        imports: RHash,
        module: &wasmer::Module,
    ) -> Result<(Vec<ResolvedImport>, Vec<Import>), Error> {
        let mut procs = Vec::new();
        let mut resolved = Vec::new();
        for import in module.imports() {
            let name = format!("{:?} {:?}", import.module(), import.name());
            let Some(item) = find(ruby, imports, import.module(), import.name())? else {
                return Err(missing(ruby, &import));
            };
            resolved.push(match import.ty() {
                ExternType::Function(ty) => {
                    let import = proc_of(ruby, &self.cell, item, &name, ty)?;
                    procs.push(import);
                    ResolvedImport::Function
                }
                ExternType::Memory(ty) => {
                    let memory = memory_of(ruby, item, &name)?;
                    self.cell.keep(memory.as_value());
                    ResolvedImport::Memory(memory.into(), *ty)
                }
                ExternType::Global(ty) => ResolvedImport::Global(constant_of(ruby, item, &name, *ty)?),
                ty => {
                    return Err(error::link(
                        ruby,
                        format!(
                            "the module imports the {} {name}, which this gem can't provide",
                            value::kind(ty)
                        ),
                    ));
                }
            });
        }
        Ok((resolved, procs))
    }

    fn instantiate(
        &self,
        ruby: &Ruby,
        store: Obj<Store>,
        module: &Module,
        resolved: &[ResolvedImport],
        functions: Vec<wasmer::Function>,
        attached: &mut Vec<Obj<Memory>>,
    ) -> Result<(), Error> {
        let mut functions = functions.into_iter();
        let mut externs = Vec::new();
        for item in resolved {
            externs.extend(match item {
                ResolvedImport::Function => functions.next().map(Extern::Function),
                ResolvedImport::Memory(memory, ty) => {
                    let memory = ruby.get_inner(*memory);
                    let (handle, newly) = memory.attach(ruby, store, *ty)?;
                    if newly {
                        attached.push(memory);
                    }
                    Some(Extern::Memory(handle))
                }
                ResolvedImport::Global(number) => {
                    let global = self
                        .cell
                        .with(ruby, |store| wasmer::Global::new(store, number.clone()))?;
                    Some(Extern::Global(global))
                }
            });
        }
        for last_try in [false, true] {
            let (module, externs) = (module.compiled().clone(), externs.clone());
            // SAFETY: the work owns everything that it uses.
            let instance = unsafe {
                #[allow(clippy::result_large_err, reason = "the error is Wasmer's own")]
                self.cell.run(ruby, move |store| {
                    wasmer::Instance::new_by_index(store, &module, &externs)
                })?
            };
            match instance {
                Ok(instance) => {
                    store.set_instance(instance);
                    return Ok(());
                }
                // The address space may be full of unreachable instances that the collector has not freed yet.
                Err(InstantiationError::Link(LinkError::Resource(_))) if !last_try => ruby.gc_start(),
                Err(cause) => return Err(error::instantiation(ruby, &cause)),
            }
        }
        Ok(())
    }

    /// Frees the guest's memory and code at once, without waiting for the garbage collector.
    pub(crate) fn close(ruby: &Ruby, this: Obj<Self>) -> Result<(), Error> {
        this.cell.close(ruby)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.cell.is_closed()
    }

    /// Calls the export that the first argument names, with the other arguments.
    pub(crate) fn call(ruby: &Ruby, this: Obj<Self>, arguments: &[Value]) -> Result<Value, Error> {
        let [name, arguments @ ..] = arguments else {
            return Err(Error::new(
                ruby.exception_arg_error(),
                "wrong number of arguments: name the export that is to be called",
            ));
        };
        let name = name_of(*name)?;
        let function = this.exported_function(ruby, &name)?;
        let ty = this.cell.with(ruby, |store| function.ty(store))?;
        function::call(ruby, &this.cell, &function, &ty, &name, arguments)
    }

    pub(crate) fn function(ruby: &Ruby, this: Obj<Self>, name: Value) -> Result<Obj<Function>, Error> {
        let name = name_of(name)?;
        let function = this.exported_function(ruby, &name)?;
        let ty = this.cell.with(ruby, |store| function.ty(store))?;
        Ok(ruby.obj_wrap(Function::new(ruby.get_inner(this.store), function, ty, name)))
    }

    fn exported_function(&self, ruby: &Ruby, name: &str) -> Result<wasmer::Function, Error> {
        match self.export(ruby, name)? {
            Extern::Function(function) => Ok(function),
            other => Err(self.wrong_kind(ruby, name, &other, "function")),
        }
    }

    pub(crate) fn memory(ruby: &Ruby, this: Obj<Self>, name: Value) -> Result<Obj<Memory>, Error> {
        let name = name_of(name)?;
        match this.export(ruby, &name)? {
            Extern::Memory(memory) => Ok(ruby.obj_wrap(Memory::of(ruby.get_inner(this.store), memory))),
            other => Err(this.wrong_kind(ruby, &name, &other, "memory")),
        }
    }

    pub(crate) fn global(ruby: &Ruby, this: Obj<Self>, name: Value) -> Result<Obj<Global>, Error> {
        let name = name_of(name)?;
        match this.export(ruby, &name)? {
            Extern::Global(global) => Ok(ruby.obj_wrap(Global::new(ruby.get_inner(this.store), global, name))),
            other => Err(this.wrong_kind(ruby, &name, &other, "global")),
        }
    }

    fn export(&self, ruby: &Ruby, name: &str) -> Result<Extern, Error> {
        let store = ruby.get_inner(self.store);
        let Some(instance) = store.instance() else {
            return Err(error::busy(
                ruby,
                "the instance's start function still runs: use it afterwards",
            ));
        };
        instance.exports.get_extern(name).cloned().ok_or_else(|| {
            let names: Vec<String> = instance.exports.iter().map(|(name, _)| format!("{name:?}")).collect();
            error::export(
                ruby,
                format!(
                    "the module exports no {name:?}; it exports {}",
                    if names.is_empty() {
                        "nothing".to_owned()
                    } else {
                        error::one_line(&names.join(", "))
                    }
                ),
            )
        })
    }

    fn wrong_kind(&self, ruby: &Ruby, name: &str, found: &Extern, wanted: &str) -> Error {
        let found = self.cell.with(ruby, |store| value::kind(&found.ty(store)));
        match found {
            Ok(found) => error::export(ruby, format!("the export {name:?} is a {found}, not a {wanted}")),
            Err(error) => error,
        }
    }
}

/// Reads a time limit in seconds from a Ruby number.
pub(crate) fn duration(ruby: &Ruby, seconds: Option<f64>) -> Result<Option<Duration>, Error> {
    let Some(seconds) = seconds else { return Ok(None) };
    match Duration::try_from_secs_f64(seconds) {
        Ok(limit) if !limit.is_zero() => Ok(Some(limit)),
        _ => Err(Error::new(
            ruby.exception_arg_error(),
            format!("time_limit: is a number of seconds above 0, or nil for none, not {seconds}"),
        )),
    }
}

/// Reads an export's name from a string or a symbol.
fn name_of(name: Value) -> Result<String, Error> {
    match Symbol::from_value(name) {
        Some(symbol) => Ok(symbol.name()?.into_owned()),
        None => magnus::TryConvert::try_convert(name),
    }
}

/// Looks up an import, by strings or by symbols.
fn find(ruby: &Ruby, imports: RHash, module: &str, name: &str) -> Result<Option<Value>, Error> {
    let get = |hash: RHash, key: &str| hash.get(ruby.str_new(key)).or_else(|| hash.get(ruby.to_symbol(key)));
    let Some(items) = get(imports, module) else {
        return Ok(None);
    };
    let items = RHash::from_value(items).ok_or_else(|| {
        Error::new(
            ruby.exception_type_error(),
            format!(
                "the imports of {module:?} are {}: it is a Hash of names and what fills them that is wanted",
                error::class_of(items)
            ),
        )
    })?;
    Ok(get(items, name))
}

fn missing(ruby: &Ruby, import: &wasmer::ImportType) -> Error {
    let example = match import.ty() {
        ExternType::Function(ty) => {
            let names = ["a", "b", "c", "d", "e", "f"];
            let parameters = match names.get(..ty.params().len()) {
                Some(names) => names.join(", "),
                None => "*numbers".to_owned(),
            };
            format!("->({parameters}) {{ … }}")
        }
        ExternType::Memory(ty) => format!("WasmHost::Memory.new(minimum: {})", ty.minimum.0),
        _ => "0".to_owned(),
    };
    error::link(
        ruby,
        format!(
            "the module imports the {} {:?} {:?} ({}), and was handed none: add it to the imports, \
             {{{:?} => {{{:?} => {example}}}}}",
            value::kind(import.ty()),
            import.module(),
            import.name(),
            value::details(import.ty()),
            import.module(),
            import.name(),
        ),
    )
}

fn proc_of(ruby: &Ruby, cell: &StoreCell, item: Value, name: &str, ty: &FunctionType) -> Result<Import, Error> {
    let callable: Proc = match Proc::from_value(item) {
        Some(callable) => callable,
        None if item.is_kind_of(ruby.class_method()) => item.funcall("to_proc", ())?,
        None => {
            return Err(wrong(ruby, name, "function", item, "a proc or a method"));
        }
    };
    // A proc made from a method has no other reference.
    cell.keep(callable.as_value());
    if let Some(ty) = ty
        .params()
        .iter()
        .chain(ty.results())
        .find(|ty| !value::is_number(**ty))
    {
        return Err(error::link(
            ruby,
            format!(
                "the import {name} has a value of type {}, and only i32, i64, f32 and f64 have a counterpart in Ruby",
                value::type_name(*ty)
            ),
        ));
    }
    let wanted = ty.params().len();
    if !accepts_arguments(ruby, callable, wanted)? {
        return Err(error::link(
            ruby,
            format!(
                "the import {name} is a function {}, and its proc doesn't take {wanted} arguments: give it as many",
                value::signature(ty)
            ),
        ));
    }
    Ok(Import {
        callable: callable.into(),
        name: name.to_owned(),
        ty: ty.clone(),
    })
}

/// Whether a proc accepts this number of arguments. Ruby would let a proc that is not a lambda drop some, or fill up
/// with nil: that is refused here.
fn accepts_arguments(ruby: &Ruby, callable: Proc, wanted: usize) -> Result<bool, Error> {
    let (mut required, mut optional, mut rest) = (0, 0, false);
    let parameters: RArray = callable.funcall("parameters", ())?;
    for parameter in parameters.into_iter() {
        let kind: Symbol = RArray::try_convert(parameter)?.entry(0)?;
        match &*kind.name()? {
            "req" => required += 1,
            "opt" if callable.is_lambda() => optional += 1,
            "opt" => required += 1,
            "rest" => rest = true,
            "keyreq" => return Ok(false),
            _ => {}
        }
    }
    _ = ruby;
    Ok(required <= wanted && (rest || wanted <= required + optional))
}

fn memory_of(ruby: &Ruby, item: Value, name: &str) -> Result<Obj<Memory>, Error> {
    if !item.is_kind_of(Memory::class(ruby)) {
        return Err(wrong(ruby, name, "memory", item, "a WasmHost::Memory"));
    }
    Obj::try_convert(item)
}

fn constant_of(ruby: &Ruby, item: Value, name: &str, ty: GlobalType) -> Result<wasmer::Value, Error> {
    if ty.mutability.is_mutable() {
        return Err(error::link(
            ruby,
            format!("the import {name} is a global that can change, and this gem provides constants only"),
        ));
    }
    value::to_guest(ruby, item, ty.ty).map_err(|error| error::with_context(&format!("the import {name}"), error))
}

fn wrong(ruby: &Ruby, name: &str, kind: &str, item: Value, wanted: &str) -> Error {
    error::link(
        ruby,
        format!(
            "the import {name} is a {kind}, and was handed {}: {wanted} is wanted",
            error::class_of(item)
        ),
    )
}
