//! An engine whose memories and tables can't grow past a limit.

use std::ptr::NonNull;

use wasmer::sys::vm::{MemoryError, MemoryStyle, TableStyle, VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition};
use wasmer::sys::{BaseTunables, NativeEngineExt, Target, Tunables};
use wasmer::{Engine, MemoryType, Pages, TableType};

/// How much a guest's memories and tables may hold, each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a memory, in pages of 64 KiB.
    pub memory: Pages,
    /// Of a table, in entries. The host pays 16 bytes for each, whether it is used or not.
    pub table: u32,
}

/// The default engine, with `limits` on every memory and table that is made in it, the guest's own and the host's.
///
/// A guest that asks for more at the start can't be instantiated; one that asks later gets -1 from `memory.grow` and
/// `table.grow`, as on a machine that is full. Code compiled by this engine is the same as the default engine's.
pub fn engine(limits: Limits) -> Engine {
    limited(Engine::default(), limits)
}

/// The same for an engine of the caller's: one with another compiler, say.
pub fn limited(mut engine: Engine, limits: Limits) -> Engine {
    engine.set_tunables(Limited {
        base: BaseTunables::for_target(&Target::default()),
        limits,
    });
    engine
}

/// The default tunables, with every type's maximum lowered to the limit. Wasmer itself then refuses what is larger.
struct Limited {
    base: BaseTunables,
    limits: Limits,
}

impl Limited {
    fn memory(&self, asked: &MemoryType) -> Result<MemoryType, MemoryError> {
        let limit = self.limits.memory;
        if asked.minimum > limit {
            return Err(MemoryError::MinimumMemoryTooLarge {
                min_requested: asked.minimum,
                max_allowed: limit,
            });
        }
        Ok(MemoryType {
            maximum: Some(asked.maximum.map_or(limit, |maximum| maximum.min(limit))),
            ..*asked
        })
    }

    fn table(&self, asked: &TableType) -> Result<TableType, String> {
        let limit = self.limits.table;
        if asked.minimum > limit {
            return Err(format!(
                "it asks for {} table entries, and may have {limit}",
                asked.minimum
            ));
        }
        Ok(TableType {
            maximum: Some(asked.maximum.map_or(limit, |maximum| maximum.min(limit))),
            ..*asked
        })
    }
}

impl Tunables for Limited {
    fn memory_style(&self, asked: &MemoryType) -> MemoryStyle {
        self.base.memory_style(asked)
    }

    fn table_style(&self, asked: &TableType) -> TableStyle {
        self.base.table_style(asked)
    }

    fn create_host_memory(&self, asked: &MemoryType, style: &MemoryStyle) -> Result<VMMemory, MemoryError> {
        self.base.create_host_memory(&self.memory(asked)?, style)
    }

    unsafe fn create_vm_memory(
        &self,
        asked: &MemoryType,
        style: &MemoryStyle,
        location: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        // SAFETY: the caller's promise about `location` is passed on as it is.
        unsafe { self.base.create_vm_memory(&self.memory(asked)?, style, location) }
    }

    fn create_host_table(&self, asked: &TableType, style: &TableStyle) -> Result<VMTable, String> {
        self.base.create_host_table(&self.table(asked)?, style)
    }

    unsafe fn create_vm_table(
        &self,
        asked: &TableType,
        style: &TableStyle,
        location: NonNull<VMTableDefinition>,
    ) -> Result<VMTable, String> {
        // SAFETY: the caller's promise about `location` is passed on as it is.
        unsafe { self.base.create_vm_table(&self.table(asked)?, style, location) }
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
