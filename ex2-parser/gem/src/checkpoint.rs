//! Interruptible guests: compiled code that polls its host at loop heads and function entries.
//!
//! A guest in an endless loop never returns to its host, and another thread can't stop it. So before a module is
//! compiled, its code is given fuel ([`instrumentation`](crate::instrumentation)). When the fuel is used up, the guest
//! polls the host, which checks the time limit and Ruby's interrupts ([`call::should_continue`]).
//!
//! A poll is a `memory.grow` by 0 pages: a call to the host that every module can make without an import. Hosts that do
//! not poll still run such guests correctly, as [`ex2_parser::wasm`] and [`wasi_host`] do. The result -1 means that the
//! guest has to end. A `memory.grow` by 0 pages has no other reason to return -1.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmer::sys::vm::{
    LinearMemory, MemoryError, MemoryStyle, TableStyle, VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition,
};
use wasmer::sys::{Cranelift, EngineBuilder, Features, NativeEngineExt, Tunables};
use wasmer::{Engine, MemoryType, Pages, TableType};

use crate::call;

/// The version of the instrumentation. Cached code of another version is not used.
pub(crate) const INSTRUMENTATION_VERSION: u32 = 3;

/// Creates an engine for interruptible guests.
pub(crate) fn engine() -> Engine {
    let mut features = Features::default();
    // `memory.atomic.wait` would block without a poll, so threads are off.
    features.threads(false);
    EngineBuilder::new(Cranelift::default())
        .set_features(Some(features))
        .engine()
        .into()
}

/// The number of bytes in the memories and tables of an instance.
#[derive(Debug, Default)]
pub(crate) struct MemoryUse(AtomicUsize);

impl MemoryUse {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The size of an entry of a table.
const TABLE_ENTRY_BYTES: usize = 16;

/// Makes the memories of `engine` answer polls, and counts their bytes. The engine's limits stay. `only_polls`: the
/// module's only memory was added for polling.
pub(crate) fn polling(mut engine: Engine, only_polls: bool, used: &Arc<MemoryUse>) -> Engine {
    let limited = engine.clone();
    let used = Arc::clone(used);
    engine.set_tunables(PollingTunables {
        limited,
        only_polls,
        used,
    });
    engine
}

/// The tunables of `limited`, with memories that answer polls.
struct PollingTunables {
    limited: Engine,
    only_polls: bool,
    used: Arc<MemoryUse>,
}

impl PollingTunables {
    fn count_table(&self, ty: &TableType) {
        self.used
            .0
            .fetch_add(ty.minimum as usize * TABLE_ENTRY_BYTES, Ordering::Relaxed);
    }
}

impl Tunables for PollingTunables {
    fn memory_style(&self, ty: &MemoryType) -> MemoryStyle {
        self.limited.tunables().memory_style(ty)
    }

    fn table_style(&self, ty: &TableType) -> TableStyle {
        self.limited.tunables().table_style(ty)
    }

    fn create_host_memory(&self, ty: &MemoryType, style: &MemoryStyle) -> Result<VMMemory, MemoryError> {
        let memory = self.limited.tunables().create_host_memory(ty, style)?;
        Ok(PollingMemory::around(memory, &self.used))
    }

    unsafe fn create_vm_memory(
        &self,
        ty: &MemoryType,
        style: &MemoryStyle,
        location: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        if self.only_polls {
            // SAFETY: the caller guarantees that `location` is valid.
            return Ok(unsafe { PollOnlyMemory::at(location) });
        }
        // SAFETY: the same.
        let memory = unsafe { self.limited.tunables().create_vm_memory(ty, style, location) }?;
        Ok(PollingMemory::around(memory, &self.used))
    }

    fn create_host_table(&self, ty: &TableType, style: &TableStyle) -> Result<VMTable, String> {
        self.count_table(ty);
        self.limited.tunables().create_host_table(ty, style)
    }

    unsafe fn create_vm_table(
        &self,
        ty: &TableType,
        style: &TableStyle,
        location: NonNull<VMTableDefinition>,
    ) -> Result<VMTable, String> {
        self.count_table(ty);
        // SAFETY: the same.
        unsafe { self.limited.tunables().create_vm_table(ty, style, location) }
    }
}

/// A memory that treats growing by 0 pages as a poll, and counts its bytes.
#[derive(Debug)]
struct PollingMemory {
    memory: VMMemory,
    used: Arc<MemoryUse>,
    /// The bytes of this memory that are counted in `used`. A copy belongs to the engine, and is not counted.
    counted: usize,
}

impl PollingMemory {
    fn around(memory: VMMemory, used: &Arc<MemoryUse>) -> VMMemory {
        let mut polled = Self {
            memory,
            used: Arc::clone(used),
            counted: 0,
        };
        polled.count();
        VMMemory(Box::new(polled))
    }

    fn count(&mut self) {
        let bytes = self.memory.size().bytes().0;
        self.used.0.fetch_add(bytes - self.counted, Ordering::Relaxed);
        self.counted = bytes;
    }
}

impl Drop for PollingMemory {
    fn drop(&mut self) {
        self.used.0.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

impl LinearMemory for PollingMemory {
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

    // Wasmer does not call this, so the count stays correct.
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

impl PollingMemory {
    #[allow(clippy::unnecessary_wraps, reason = "both callers return a result")]
    fn uncounted(&self, memory: VMMemory) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self {
            memory,
            used: Arc::default(),
            counted: 0,
        }))
    }
}

/// The memory for polls in a module without a memory of its own. A real memory would reserve gigabytes of address space,
/// and take most of the time of an instantiation. No instruction of such a module reads or writes a memory.
#[derive(Debug)]
struct PollOnlyMemory(NonNull<VMMemoryDefinition>);

// SAFETY: the pointer leads into the instance, which owns this memory and is dropped with it.
unsafe impl Send for PollOnlyMemory {}
// SAFETY: the same.
unsafe impl Sync for PollOnlyMemory {}

impl PollOnlyMemory {
    /// # Safety
    ///
    /// As for `create_vm_memory`: `location` has to be valid for a definition as long as the memory lives.
    unsafe fn at(location: NonNull<VMMemoryDefinition>) -> VMMemory {
        // SAFETY: the caller guarantees that `location` is valid.
        unsafe {
            location.write(VMMemoryDefinition {
                base: ptr::null_mut(),
                current_length: 0,
            });
        }
        VMMemory(Box::new(Self(location)))
    }
}

impl LinearMemory for PollOnlyMemory {
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
