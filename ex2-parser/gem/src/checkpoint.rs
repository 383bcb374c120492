//! Guests that can be stopped: compiled code that polls its host at loop heads and function entries.
//!
//! A guest in an endless loop never returns to its host, and another thread can't stop it. So before a module is
//! compiled, its code is given fuel ([`instrumentation`](crate::instrumentation)). When the fuel is used up, the guest
//! polls the host, which checks the time limit and Ruby's interrupts ([`call::should_continue`]).
//!
//! A poll is a `memory.grow` by no page: a call to the host that every module can make without an import. Other hosts
//! need not know of it, so [`ex2_parser::wasm`] and [`wasi_host`] run such guests unchanged. The result -1 means that the
//! guest has to end. No other `memory.grow` by no page has that result.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmer::sys::vm::{
    LinearMemory, MemoryError, MemoryStyle, TableStyle, VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition,
};
use wasmer::sys::{Cranelift, EngineBuilder, Features, NativeEngineExt, Tunables};
use wasmer::{Engine, MemoryType, Pages, TableType};

use crate::call;

/// Counts changes of what is written into modules: cached code of another edition isn't used.
pub(crate) const EDITION: u32 = 3;

/// An engine for guests that can be stopped.
pub(crate) fn engine() -> Engine {
    let mut features = Features::default();
    // A guest that waits for another thread does not poll.
    features.threads(false);
    EngineBuilder::new(Cranelift::default())
        .set_features(Some(features))
        .engine()
        .into()
}

/// How many bytes the memories and tables of an instance have.
#[derive(Debug, Default)]
pub(crate) struct MemoryUse(AtomicUsize);

impl MemoryUse {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A table's entry, in bytes.
const ENTRY: usize = 16;

/// Makes `engine`'s memories answer polls and counts their bytes; the engine's limits stay. With `only_polls`, the
/// module's one memory was added for polling.
pub(crate) fn polling(mut engine: Engine, only_polls: bool, used: &Arc<MemoryUse>) -> Engine {
    let limited = engine.clone();
    let used = Arc::clone(used);
    engine.set_tunables(Polled {
        limited,
        only_polls,
        used,
    });
    engine
}

/// The tunables of `limited`, with memories that take questions.
struct Polled {
    limited: Engine,
    only_polls: bool,
    used: Arc<MemoryUse>,
}

impl Polled {
    fn count_table(&self, asked: &TableType) {
        self.used.0.fetch_add(asked.minimum as usize * ENTRY, Ordering::Relaxed);
    }
}

impl Tunables for Polled {
    fn memory_style(&self, asked: &MemoryType) -> MemoryStyle {
        self.limited.tunables().memory_style(asked)
    }

    fn table_style(&self, asked: &TableType) -> TableStyle {
        self.limited.tunables().table_style(asked)
    }

    fn create_host_memory(&self, asked: &MemoryType, style: &MemoryStyle) -> Result<VMMemory, MemoryError> {
        let memory = self.limited.tunables().create_host_memory(asked, style)?;
        Ok(PolledMemory::around(memory, &self.used))
    }

    unsafe fn create_vm_memory(
        &self,
        asked: &MemoryType,
        style: &MemoryStyle,
        location: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        if self.only_polls {
            // SAFETY: the caller's promise about `location` is passed on as it is.
            return Ok(unsafe { NoMemory::at(location) });
        }
        // SAFETY: the same.
        let memory = unsafe { self.limited.tunables().create_vm_memory(asked, style, location) }?;
        Ok(PolledMemory::around(memory, &self.used))
    }

    fn create_host_table(&self, asked: &TableType, style: &TableStyle) -> Result<VMTable, String> {
        self.count_table(asked);
        self.limited.tunables().create_host_table(asked, style)
    }

    unsafe fn create_vm_table(
        &self,
        asked: &TableType,
        style: &TableStyle,
        location: NonNull<VMTableDefinition>,
    ) -> Result<VMTable, String> {
        self.count_table(asked);
        // SAFETY: the caller's promise about `location` is passed on as it is.
        unsafe { self.limited.tunables().create_vm_table(asked, style, location) }
    }
}

/// A memory that takes growing by nothing for the guest's question, and is counted.
#[derive(Debug)]
struct PolledMemory {
    memory: VMMemory,
    used: Arc<MemoryUse>,
    /// How much of it is counted, in bytes. Nothing of a copy is, which is the engine's.
    counted: usize,
}

impl PolledMemory {
    fn around(memory: VMMemory, used: &Arc<MemoryUse>) -> VMMemory {
        let mut asked = Self {
            memory,
            used: Arc::clone(used),
            counted: 0,
        };
        asked.count();
        VMMemory(Box::new(asked))
    }

    fn count(&mut self) {
        let bytes = self.memory.size().bytes().0;
        self.used.0.fetch_add(bytes - self.counted, Ordering::Relaxed);
        self.counted = bytes;
    }
}

impl Drop for PolledMemory {
    fn drop(&mut self) {
        self.used.0.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

impl LinearMemory for PolledMemory {
    fn grow(&mut self, delta: Pages) -> Result<Pages, MemoryError> {
        if delta == Pages(0) && !call::should_continue() {
            return Err(MemoryError::CouldNotGrow {
                current: self.size(),
                attempted_delta: delta,
            });
        }
        let before = self.memory.grow(delta)?;
        self.count();
        Ok(before)
    }

    fn ty(&self) -> MemoryType {
        self.memory.ty()
    }

    fn size(&self) -> Pages {
        self.memory.size()
    }

    fn style(&self) -> MemoryStyle {
        self.memory.style()
    }

    fn grow_at_least(&mut self, size: u64) -> Result<(), MemoryError> {
        self.memory.grow_at_least(size)?;
        self.count();
        Ok(())
    }

    // Nobody asks for the other way: memories don't shrink.
    fn reset(&mut self) -> Result<(), MemoryError> {
        Err(MemoryError::UnsupportedOperation {
            message: "a guest's memory is never begun anew".to_owned(),
        })
    }

    fn vmmemory(&self) -> NonNull<VMMemoryDefinition> {
        self.memory.vmmemory()
    }

    fn try_clone(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        self.uncounted(self.memory.try_clone()?)
    }

    fn copy(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        self.uncounted(VMMemory(self.memory.copy()?))
    }
}

impl PolledMemory {
    #[allow(clippy::unnecessary_wraps, reason = "both callers return a result")]
    fn uncounted(&self, memory: VMMemory) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self {
            memory,
            used: Arc::default(),
            counted: 0,
        }))
    }
}

/// The memory of a module that has none: there only for the questions. A real one would take gigabytes of the address
/// space, and most of the time that an instance takes. No instruction of such a module reads or writes a memory.
#[derive(Debug)]
struct NoMemory(NonNull<VMMemoryDefinition>);

// SAFETY: the pointer leads into the instance, which owns this memory and goes with it.
unsafe impl Send for NoMemory {}
// SAFETY: the same.
unsafe impl Sync for NoMemory {}

impl NoMemory {
    /// # Safety
    ///
    /// As of `create_vm_memory`: a definition has to fit at `location`, for as long as there is the memory.
    unsafe fn at(location: NonNull<VMMemoryDefinition>) -> VMMemory {
        // SAFETY: the caller's promise.
        unsafe {
            location.write(VMMemoryDefinition {
                base: ptr::null_mut(),
                current_length: 0,
            });
        }
        VMMemory(Box::new(Self(location)))
    }
}

impl LinearMemory for NoMemory {
    fn grow(&mut self, delta: Pages) -> Result<Pages, MemoryError> {
        if delta == Pages(0) && call::should_continue() {
            return Ok(Pages(0));
        }
        Err(MemoryError::CouldNotGrow {
            current: Pages(0),
            attempted_delta: delta,
        })
    }

    fn ty(&self) -> MemoryType {
        MemoryType::new(Pages(0), Some(Pages(0)), false)
    }

    fn size(&self) -> Pages {
        Pages(0)
    }

    fn style(&self) -> MemoryStyle {
        MemoryStyle::Dynamic { offset_guard_size: 0 }
    }

    fn vmmemory(&self) -> NonNull<VMMemoryDefinition> {
        self.0
    }

    fn try_clone(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self(self.0)))
    }

    fn copy(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self(self.0)))
    }
}
