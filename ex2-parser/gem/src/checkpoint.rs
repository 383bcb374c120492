//! Guests that can be stopped: compiled code that looks up from its work now and then.
//!
//! A guest that loops for ever never comes back to its host, and another thread can't stop it. So every
//! function and every loop is made to count down before it is compiled ([`instrumentation`](crate::instrumentation)), and
//! to ask the host in the end whether to go on. The host then looks at the clock and at Ruby's interrupts
//! ([`call::look`]).
//!
//! The question is a `memory.grow` by no page, because that is a call to the host which every module can make without
//! an import for it: hosts need not know, so [`ex2_parser::wasm`] and [`wasi_host`] run such guests unchanged. The
//! answer -1, which no other growing by nothing gets, means that the guest has to end.

use std::ptr::NonNull;

use wasmer::sys::vm::{
    LinearMemory, MemoryError, MemoryStyle, TableStyle, VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition,
};
use wasmer::sys::{Cranelift, EngineBuilder, Features, NativeEngineExt, Tunables};
use wasmer::{Engine, MemoryType, Pages, TableType};

use crate::call;

/// Counts changes of what is written into modules: kept code of another edition isn't used.
pub(crate) const EDITION: u32 = 2;

/// An engine for guests that can be stopped.
pub(crate) fn engine() -> Engine {
    let mut features = Features::default();
    // A guest that waits for another thread doesn't look up.
    features.threads(false);
    EngineBuilder::new(Cranelift::default())
        .set_features(Some(features))
        .engine()
        .into()
}

/// Has `engine`'s memories, which are made within the limits it has, take the guest's questions.
pub(crate) fn asking(mut engine: Engine) -> Engine {
    let limited = engine.clone();
    engine.set_tunables(Asked { limited });
    engine
}

/// The tunables of `limited`, with memories that take questions.
struct Asked {
    limited: Engine,
}

impl Tunables for Asked {
    fn memory_style(&self, asked: &MemoryType) -> MemoryStyle {
        self.limited.tunables().memory_style(asked)
    }

    fn table_style(&self, asked: &TableType) -> TableStyle {
        self.limited.tunables().table_style(asked)
    }

    fn create_host_memory(&self, asked: &MemoryType, style: &MemoryStyle) -> Result<VMMemory, MemoryError> {
        let memory = self.limited.tunables().create_host_memory(asked, style)?;
        Ok(AskedMemory::around(memory))
    }

    unsafe fn create_vm_memory(
        &self,
        asked: &MemoryType,
        style: &MemoryStyle,
        location: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        // SAFETY: the caller's promise about `location` is passed on as it is.
        let memory = unsafe { self.limited.tunables().create_vm_memory(asked, style, location) }?;
        Ok(AskedMemory::around(memory))
    }

    fn create_host_table(&self, asked: &TableType, style: &TableStyle) -> Result<VMTable, String> {
        self.limited.tunables().create_host_table(asked, style)
    }

    unsafe fn create_vm_table(
        &self,
        asked: &TableType,
        style: &TableStyle,
        location: NonNull<VMTableDefinition>,
    ) -> Result<VMTable, String> {
        // SAFETY: the caller's promise about `location` is passed on as it is.
        unsafe { self.limited.tunables().create_vm_table(asked, style, location) }
    }
}

/// A memory that takes growing by nothing for the guest's question.
#[derive(Debug)]
struct AskedMemory(VMMemory);

impl AskedMemory {
    fn around(memory: VMMemory) -> VMMemory {
        VMMemory(Box::new(Self(memory)))
    }
}

impl LinearMemory for AskedMemory {
    fn grow(&mut self, delta: Pages) -> Result<Pages, MemoryError> {
        if delta == Pages(0) && !call::look() {
            return Err(MemoryError::CouldNotGrow {
                current: self.size(),
                attempted_delta: delta,
            });
        }
        self.0.grow(delta)
    }

    fn ty(&self) -> MemoryType {
        self.0.ty()
    }

    fn size(&self) -> Pages {
        self.0.size()
    }

    fn style(&self) -> MemoryStyle {
        self.0.style()
    }

    fn grow_at_least(&mut self, size: u64) -> Result<(), MemoryError> {
        self.0.grow_at_least(size)
    }

    fn reset(&mut self) -> Result<(), MemoryError> {
        self.0.reset()
    }

    fn vmmemory(&self) -> NonNull<VMMemoryDefinition> {
        self.0.vmmemory()
    }

    fn try_clone(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self(self.0.try_clone()?)))
    }

    fn copy(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self(VMMemory(self.0.copy()?))))
    }
}
