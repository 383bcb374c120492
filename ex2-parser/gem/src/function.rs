//! `WasmHost::Function`: an exported function.

use std::sync::Arc;

use magnus::typed_data::Obj;
use magnus::value::Opaque;
use magnus::{DataTypeFunctions, Error, Ruby, TypedData, Value};
use wasmer::FunctionType;

use crate::store::Store;
use crate::store_cell::StoreCell;
use crate::{error, value};

#[derive(TypedData)]
#[magnus(class = "WasmHost::Function", free_immediately, mark)]
pub(crate) struct Function {
    store: Opaque<Obj<Store>>,
    function: wasmer::Function,
    ty: FunctionType,
    name: String,
}

impl DataTypeFunctions for Function {
    fn mark(&self, marker: &magnus::gc::Marker) {
        marker.mark(self.store);
    }
}

impl Function {
    pub(crate) fn new(store: Obj<Store>, function: wasmer::Function, ty: FunctionType, name: String) -> Self {
        Self {
            store: store.into(),
            function,
            ty,
            name,
        }
    }

    pub(crate) fn call(ruby: &Ruby, this: Obj<Self>, arguments: &[Value]) -> Result<Value, Error> {
        let store = ruby.get_inner(this.store);
        call(ruby, store.cell(), &this.function, &this.ty, &this.name, arguments)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn signature(&self) -> String {
        value::signature(&self.ty)
    }

    pub(crate) fn arity(&self) -> usize {
        self.ty.params().len()
    }
}

/// Calls a function of a guest with Ruby's numbers.
pub(crate) fn call(
    ruby: &Ruby,
    cell: &Arc<StoreCell>,
    function: &wasmer::Function,
    ty: &FunctionType,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let types = ty.params();
    if arguments.len() != types.len() {
        return Err(Error::new(
            ruby.exception_arg_error(),
            format!(
                "wrong number of arguments for the export {name:?}, {} (given {}, expected {})",
                value::signature(ty),
                arguments.len(),
                types.len()
            ),
        ));
    }
    let mut parameters = Vec::with_capacity(types.len());
    for (index, (argument, ty)) in arguments.iter().zip(types).enumerate() {
        let parameter = value::to_guest(ruby, *argument, *ty)
            .map_err(|error| error::with_context(&format!("argument {} of the export {name:?}", index + 1), error))?;
        parameters.push(parameter);
    }
    let function = function.clone();
    // SAFETY: the work owns everything that it uses.
    let results = unsafe { cell.run(ruby, move |store| function.call(store, &parameters)) }?;
    value::results_to_ruby(ruby, &results.map_err(|cause| error::trap(ruby, &cause))?)
}
