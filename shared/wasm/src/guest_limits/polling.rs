//! Interruptible guests: compiled code that polls its host at loop heads and function entries.
//!
//! A guest in an endless loop never returns to its host, and another thread can't stop it. So before a module is
//! compiled, its code is given fuel ([`instrument`](super::instrument)). When the fuel is used up, the guest polls the
//! host, which checks whatever ends a guest there: a deadline ([`end_at`]), or in the gem Ruby's interrupts too.
//!
//! A poll is a `memory.grow` by 0 pages: a call to the host that every module can make without an import. Hosts that do
//! not poll still run such guests correctly. The result -1 means that the guest has to end. A `memory.grow` by 0 pages
//! has no other reason to return -1.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use wasmer::sys::vm::{
    LinearMemory, MemoryError, MemoryStyle, TableStyle, VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition,
};
use wasmer::sys::{Cranelift, EngineBuilder, Features, NativeEngineExt, Tunables};
use wasmer::{Engine, MemoryType, Pages, TableType};

/// Answers a guest's poll, on the guest's thread: whether it may continue.
pub type ShouldContinue = fn() -> bool;

thread_local! {
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs `work`, and ends each guest on this thread that polls by [`before_deadline`] after the deadline.
///
/// The guest ends by a trap. A host function that runs at the deadline is not interrupted.
pub fn end_at<T>(deadline: Instant, work: impl FnOnce() -> T) -> T {
    /// Restores the outer deadline, also after a panic.
    struct Restore(Option<Instant>);

    impl Drop for Restore {
        fn drop(&mut self) {
            DEADLINE.set(self.0);
        }
    }

    let _restore = Restore(DEADLINE.replace(Some(deadline)));
    work()
}

/// Whether the deadline of [`end_at`] has not come yet.
pub fn before_deadline() -> bool {
    DEADLINE.get().is_none_or(|deadline| Instant::now() < deadline)
}

/// Creates an engine for interruptible guests.
pub fn interruptible_engine() -> Engine {
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
pub struct MemoryUse(AtomicUsize);

impl MemoryUse {
    /// Their sum.
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The size of an entry of a table.
const TABLE_ENTRY_BYTES: usize = 16;

/// Makes the memories of `engine` answer polls, and counts their bytes. The engine's limits stay. `only_polls`: the
/// module's only memory was added for polling ([`is_given_memory`](super::is_given_memory)).
pub fn polling(mut engine: Engine, only_polls: bool, used: &Arc<MemoryUse>, should_continue: ShouldContinue) -> Engine {
    let limited = engine.clone();
    let used = Arc::clone(used);
    engine.set_tunables(PollingTunables {
        limited,
        only_polls,
        used,
        should_continue,
    });
    engine
}

/// The tunables of `limited`, with memories that answer polls.
struct PollingTunables {
    limited: Engine,
    only_polls: bool,
    used: Arc<MemoryUse>,
    should_continue: ShouldContinue,
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
        Ok(PollingMemory::around(memory, &self.used, self.should_continue))
    }

    unsafe fn create_vm_memory(
        &self,
        ty: &MemoryType,
        style: &MemoryStyle,
        location: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        if self.only_polls {
            // SAFETY: the caller guarantees that `location` is valid.
            return Ok(unsafe { PollOnlyMemory::at(location, self.should_continue) });
        }
        // SAFETY: the same.
        let memory = unsafe { self.limited.tunables().create_vm_memory(ty, style, location) }?;
        Ok(PollingMemory::around(memory, &self.used, self.should_continue))
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
    should_continue: ShouldContinue,
}

impl PollingMemory {
    fn around(memory: VMMemory, used: &Arc<MemoryUse>, should_continue: ShouldContinue) -> VMMemory {
        let mut polled = Self {
            memory,
            used: Arc::clone(used),
            counted: 0,
            should_continue,
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
        if delta == Pages(0) && !(self.should_continue)() {
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
            should_continue: self.should_continue,
        }))
    }
}

/// The memory for polls in a module without a memory of its own. A real memory would reserve gigabytes of address space,
/// and take most of the time of an instantiation. No instruction of such a module reads or writes a memory.
#[derive(Debug)]
struct PollOnlyMemory {
    definition: NonNull<VMMemoryDefinition>,
    should_continue: ShouldContinue,
}

// SAFETY: the pointer leads into the instance, which owns this memory and is dropped with it.
unsafe impl Send for PollOnlyMemory {}
// SAFETY: the same.
unsafe impl Sync for PollOnlyMemory {}

impl PollOnlyMemory {
    /// # Safety
    ///
    /// As for `create_vm_memory`: `location` has to be valid for a definition as long as the memory lives.
    unsafe fn at(location: NonNull<VMMemoryDefinition>, should_continue: ShouldContinue) -> VMMemory {
        // SAFETY: the caller guarantees that `location` is valid.
        unsafe {
            location.write(VMMemoryDefinition {
                base: ptr::null_mut(),
                current_length: 0,
            });
        }
        VMMemory(Box::new(Self {
            definition: location,
            should_continue,
        }))
    }
}

impl LinearMemory for PollOnlyMemory {
    fn grow(&mut self, delta: Pages) -> Result<Pages, MemoryError> {
        if delta == Pages(0) && (self.should_continue)() {
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
        self.definition
    }

    fn try_clone(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self { ..*self }))
    }

    fn copy(&self) -> Result<Box<dyn LinearMemory + Send + Sync + 'static>, MemoryError> {
        Ok(Box::new(Self { ..*self }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wasmer::{Instance, Module, Store, Value, imports};

    use super::*;
    use crate::guest_limits::{instrument, is_given_memory};

    /// Calls the export `run`, with a deadline that has passed already if `late`.
    fn run(fields: &str, late: bool) -> Result<Box<[Value]>, String> {
        let binary = wat::parse_str(format!("(module {fields})")).unwrap();
        let module = Module::new(&interruptible_engine(), instrument(&binary).unwrap()).unwrap();
        let code = module.serialize().unwrap();
        let only_polls = is_given_memory(&binary).unwrap();
        let engine = polling(interruptible_engine(), only_polls, &Arc::default(), before_deadline);
        // SAFETY: it was serialized just now.
        let module = unsafe { Module::deserialize_unchecked(&engine, code) }.unwrap();
        let mut store = Store::new(engine);
        let deadline = Instant::now() + Duration::from_secs(if late { 0 } else { 600 });
        end_at(deadline, || {
            let instance = Instance::new(&mut store, &module, &imports! {}).map_err(|error| error.to_string())?;
            let run = instance.exports.get_function("run").unwrap();
            run.call(&mut store, &[]).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn an_endless_guest_ends_at_the_deadline_with_and_without_a_memory() {
        for memory in ["", "(memory 1)"] {
            let endless = format!("{memory} (func (export \"run\") (loop $again (br $again)))");
            let error = run(&endless, true).unwrap_err();
            assert!(error.contains("unreachable"), "{error}");
        }
        let in_start = "(func $start (loop $again (br $again))) (start $start) (func (export \"run\"))";
        assert!(run(in_start, true).is_err());
    }

    #[test]
    fn a_guest_is_not_ended_before_the_deadline() {
        // Some polls.
        let counting = "(func (export \"run\") (result i32) (local i32)
            (loop $again
              (local.set 0 (i32.add (local.get 0) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get 0) (i32.const 1000000))))
            (local.get 0))";
        assert_eq!(*run(counting, false).unwrap(), [Value::I32(1_000_000)]);
        assert!(run(counting, true).is_err());
    }

    #[test]
    fn an_inner_deadline_ends_with_its_work() {
        let now = Instant::now();
        end_at(now + Duration::from_secs(600), || {
            assert!(before_deadline());
            end_at(now, || assert!(!before_deadline()));
            assert!(before_deadline());
        });
        assert!(before_deadline());
    }
}
