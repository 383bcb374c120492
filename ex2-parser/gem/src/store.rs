//! A store as a Ruby object. An instance and its functions, memories and globals hold it, and it marks what the guest
//! may call. So each of them works as long as Ruby has any of them, and none needs to know the instance.

use std::cell::OnceCell;
use std::sync::Arc;

use magnus::typed_data::Obj;
use magnus::{DataTypeFunctions, Ruby, TypedData};

use crate::store_cell::StoreCell;

/// Ruby code never sees this object.
#[derive(TypedData)]
#[magnus(class = "WasmHost::Native::Store", free_immediately, mark)]
pub(crate) struct Store {
    cell: Arc<StoreCell>,
    /// Not set while the start function runs.
    instance: OnceCell<wasmer::Instance>,
}

impl DataTypeFunctions for Store {
    fn mark(&self, marker: &magnus::gc::Marker) {
        self.cell.mark(marker);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: Ruby drops this object, with the GVL held.
        let ruby = unsafe { Ruby::get_unchecked() };
        self.cell.freed(&ruby);
    }
}

impl Store {
    pub(crate) fn new(ruby: &Ruby, cell: Arc<StoreCell>) -> Obj<Self> {
        ruby.obj_wrap(Self {
            cell,
            instance: OnceCell::new(),
        })
    }

    pub(crate) fn cell(&self) -> &Arc<StoreCell> {
        &self.cell
    }

    /// The instance in the store; `None` while its start function runs.
    pub(crate) fn instance(&self) -> Option<&wasmer::Instance> {
        self.instance.get()
    }

    /// Sets the instance, once.
    pub(crate) fn set_instance(&self, instance: wasmer::Instance) {
        _ = self.instance.set(instance);
    }
}
