//! `WasmHost::Global`: an exported global.

use magnus::typed_data::Obj;
use magnus::value::Opaque;
use magnus::{DataTypeFunctions, Error, Ruby, TypedData, Value};

use crate::store::Store;
use crate::{error, value};

#[derive(TypedData)]
#[magnus(class = "WasmHost::Global", free_immediately, mark)]
pub(crate) struct Global {
    store: Opaque<Obj<Store>>,
    global: wasmer::Global,
    name: String,
}

impl DataTypeFunctions for Global {
    fn mark(&self, marker: &magnus::gc::Marker) {
        marker.mark(self.store);
    }
}

impl Global {
    pub(crate) fn new(store: Obj<Store>, global: wasmer::Global, name: String) -> Self {
        Self {
            store: store.into(),
            global,
            name,
        }
    }

    pub(crate) fn value(ruby: &Ruby, this: Obj<Self>) -> Result<Value, Error> {
        let owner = ruby.get_inner(this.store);
        let number = owner.cell().with(ruby, |store| this.global.get(store))?;
        value::to_ruby(ruby, &number)
    }

    pub(crate) fn set_value(ruby: &Ruby, this: Obj<Self>, number: Value) -> Result<Value, Error> {
        let owner = ruby.get_inner(this.store);
        let ty = owner.cell().with(ruby, |store| this.global.ty(store))?;
        if !ty.mutability.is_mutable() {
            return Err(error::exception(
                ruby,
                "Error",
                format!(
                    "the global {:?} is constant: declare it (mut {}) in the module",
                    this.name,
                    value::type_name(ty.ty)
                ),
            ));
        }
        let guests = value::to_guest(ruby, number, ty.ty)
            .map_err(|error| error::with_context(&format!("the global {:?}", this.name), error))?;
        owner
            .cell()
            .with(ruby, |store| this.global.set(store, guests))?
            .map_err(|cause| error::trap(ruby, &cause))?;
        Ok(number)
    }

    pub(crate) fn is_mutable(ruby: &Ruby, this: Obj<Self>) -> Result<bool, Error> {
        let owner = ruby.get_inner(this.store);
        owner
            .cell()
            .with(ruby, |store| this.global.ty(store).mutability.is_mutable())
    }
}
