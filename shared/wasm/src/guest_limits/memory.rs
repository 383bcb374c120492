//! An engine that limits the size of memories and tables.

use std::ptr::NonNull;

use wasmer::sys::vm::{MemoryError, MemoryStyle, TableStyle, VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition};
use wasmer::sys::{BaseTunables, NativeEngineExt, Target, Tunables};
use wasmer::{Engine, MemoryType, Pages, TableType};

/// The largest size of each memory and of each table of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The pages of a memory, 64 KiB each.
    pub memory: Pages,
    /// The entries of a table. Each takes 16 bytes of the host's memory, also if it is unused.
    pub table: u32,
}

/// The default engine, with `limits` on every memory and table that a guest or the host creates in it.
///
/// A guest with a larger minimum can't be instantiated. Beyond the limit `memory.grow` and `table.grow` return -1. The
/// compiled code is the same as the default engine's.
pub fn engine(limits: Limits) -> Engine {
    limited(Engine::default(), limits)
}

/// As [`engine`], for the caller's engine, for example with another compiler.
pub fn limited(mut engine: Engine, limits: Limits) -> Engine {
    engine.set_tunables(Limited {
        base: BaseTunables::for_target(&Target::default()),
        limits,
    });
    engine
}

/// The default tunables, with every type's maximum lowered to the limit, which Wasmer then enforces.
struct Limited {
    base: BaseTunables,
    limits: Limits,
}

impl Limited {
    fn memory(&self, requested: &MemoryType) -> Result<MemoryType, MemoryError> {
        let limit = self.limits.memory;
        if requested.minimum > limit {
            return Err(MemoryError::MinimumMemoryTooLarge {
                min_requested: requested.minimum,
                max_allowed: limit,
            });
        }
        Ok(MemoryType {
            maximum: Some(requested.maximum.map_or(limit, |maximum| maximum.min(limit))),
            ..*requested
        })
    }

    fn table(&self, requested: &TableType) -> Result<TableType, String> {
        let limit = self.limits.table;
        if requested.minimum > limit {
            return Err(format!(
                "it needs {} table entries, but the limit is {limit}",
                requested.minimum
            ));
        }
        Ok(TableType {
            maximum: Some(requested.maximum.map_or(limit, |maximum| maximum.min(limit))),
            ..*requested
        })
    }
}

impl Tunables for Limited {
    fn memory_style(&self, requested: &MemoryType) -> MemoryStyle {
        self.base.memory_style(requested)
    }

    fn table_style(&self, requested: &TableType) -> TableStyle {
        self.base.table_style(requested)
    }

    fn create_host_memory(&self, requested: &MemoryType, style: &MemoryStyle) -> Result<VMMemory, MemoryError> {
        self.base.create_host_memory(&self.memory(requested)?, style)
    }

    unsafe fn create_vm_memory(
        &self,
        requested: &MemoryType,
        style: &MemoryStyle,
        location: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        // SAFETY: `location` is passed on unchanged, so that the caller's guarantee holds.
        unsafe { self.base.create_vm_memory(&self.memory(requested)?, style, location) }
    }

    fn create_host_table(&self, requested: &TableType, style: &TableStyle) -> Result<VMTable, String> {
        self.base.create_host_table(&self.table(requested)?, style)
    }

    unsafe fn create_vm_table(
        &self,
        requested: &TableType,
        style: &TableStyle,
        location: NonNull<VMTableDefinition>,
    ) -> Result<VMTable, String> {
        // SAFETY: `location` is passed on unchanged, so that the caller's guarantee holds.
        unsafe { self.base.create_vm_table(&self.table(requested)?, style, location) }
    }
}

#[cfg(test)]
mod tests {
    use wasmer::{Instance, Module, Store, imports};

    use super::*;

    const LIMITS: Limits = Limits {
        memory: Pages(4),
        table: 100,
    };

    fn instantiate(text: &str) -> Result<(Store, Instance), String> {
        let mut store = Store::new(engine(LIMITS));
        let module = Module::new(&store, wat::parse_str(text).unwrap()).unwrap();
        let instance = Instance::new(&mut store, &module, &imports! {}).map_err(|error| error.to_string())?;
        Ok((store, instance))
    }

    fn call(text: &str, function: &str) -> i32 {
        let (mut store, instance) = instantiate(text).unwrap();
        instance
            .exports
            .get_typed_function::<(), i32>(&store, function)
            .unwrap()
            .call(&mut store)
            .unwrap()
    }

    #[test]
    fn a_memory_grows_up_to_the_limit_and_no_further() {
        for memory in ["(memory 1)", "(memory 1 65536)"] {
            let text = |pages| {
                format!("(module {memory} (func (export \"grow\") (result i32) (memory.grow (i32.const {pages}))))")
            };
            assert_eq!(call(&text(3), "grow"), 1, "{memory}");
            assert_eq!(call(&text(4), "grow"), -1, "{memory}");
        }
    }

    #[test]
    fn a_smaller_maximum_of_the_guest_stays() {
        let text = "(module (memory 1 2) (func (export \"grow\") (result i32) (memory.grow (i32.const 2))))";
        assert_eq!(call(text, "grow"), -1);
    }

    #[test]
    fn a_memory_that_starts_too_large_is_refused() {
        let error = instantiate("(module (memory 5))").unwrap_err();
        assert!(error.contains("memory"), "{error}");
    }

    #[test]
    fn a_table_is_limited_too() {
        let text = |entries| {
            format!(
                "(module (table 1 funcref)
                   (func (export \"grow\") (result i32) (table.grow (ref.null func) (i32.const {entries}))))"
            )
        };
        assert_eq!(call(&text(99), "grow"), 1);
        assert_eq!(call(&text(100), "grow"), -1);
        assert!(instantiate("(module (table 101 funcref))").is_err());
    }
}
