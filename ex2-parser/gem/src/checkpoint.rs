//! Guests that can be stopped: compiled code that looks up from its work now and then.
//!
//! A guest that loops for ever never comes back to its host, and another thread can't stop it. So the compiler is
//! handed a middleware, which makes every function and every loop count down, and ask the host at zero whether to go
//! on. The host then looks at the clock and at Ruby's interrupts ([`call::look`]).
//!
//! The question is a `memory.grow` by no page, because that is a call to the host which every module can make without
//! an import for it: hosts need not know, so [`ex2_parser::wasm`] and [`wasi_host`] run such guests unchanged. The
//! answer -1, which no other growing by nothing gets, means that the guest has to end.

use std::borrow::Cow;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use wasmer::sys::vm::{
    LinearMemory, MemoryError, MemoryStyle, TableStyle, VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition,
};
use wasmer::sys::wasmparser::{BinaryReaderError, BlockType, Operator, Parser, Payload, TypeRef};
use wasmer::sys::{
    CompilerConfig, Cranelift, EngineBuilder, Features, FunctionMiddleware, MiddlewareError, MiddlewareReaderState,
    ModuleMiddleware, NativeEngineExt, Tunables,
};
use wasmer::{Engine, MemoryType, Pages, TableType};
use wasmer_types::{GlobalInit, GlobalType, LocalFunctionIndex, ModuleInfo, Mutability, Type};

use crate::call;

/// Counts changes of the code below that change what is compiled: kept code of another edition isn't used.
pub(crate) const EDITION: u32 = 1;

/// How many functions and turns of loops pass between two questions: some ten microseconds of work, which cost the
/// question's hundred nanoseconds.
const PATIENCE: i32 = 10_000;

/// A section's number says where it belongs, as far as memories.
const MEMORY_SECTION: u8 = 5;

/// A section of one memory, with no page and never more.
const NO_PAGES: &[u8] = &[MEMORY_SECTION, 4, 1, 1, 0, 0];

/// Instructions that work on a whole range count as if a loop did it: a turn for every so many bytes, as a power of 2.
const BYTES_A_TURN: i32 = 6;

/// An engine whose guests can be stopped. It compiles one module: what it finds out about a module is kept in it.
pub(crate) fn engine() -> Engine {
    let mut compiler = Cranelift::default();
    compiler.push_middleware(Arc::new(Checkpoints::default()));
    let mut features = Features::default();
    // A guest that waits for another thread doesn't look up.
    features.threads(false);
    EngineBuilder::new(compiler)
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

/// Gives a module that has no memory one of no page, to ask the host by. What is no module stays as it is.
pub(crate) fn with_memory(binary: &[u8]) -> Cow<'_, [u8]> {
    match place_of_memory(binary) {
        Ok(Some(place)) => {
            let (before, after) = binary.split_at(place);
            Cow::Owned([before, NO_PAGES, after].concat())
        }
        Ok(None) | Err(_) => Cow::Borrowed(binary),
    }
}

/// Where the section of memories belongs, if the module has no memory.
fn place_of_memory(binary: &[u8]) -> Result<Option<usize>, BinaryReaderError> {
    let mut end = 0;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        match &payload {
            Payload::Version { range, .. } => end = range.end,
            Payload::MemorySection(_) => return Ok(None),
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    if matches!(import?.ty, TypeRef::Memory(_)) {
                        return Ok(None);
                    }
                }
            }
            _ => {}
        }
        if let Some((section, range)) = payload.as_section() {
            if section > MEMORY_SECTION {
                break;
            }
            end = range.end;
        }
    }
    Ok(usize::try_from(end).ok())
}

#[derive(Debug, Default)]
struct Checkpoints {
    globals: OnceLock<Globals>,
}

/// The globals that a module is given besides its own, behind them all.
#[derive(Clone, Copy, Debug)]
struct Globals {
    /// How many turns are left until the next question.
    left: u32,
    /// Holds an operand meanwhile.
    operand: u32,
}

impl ModuleMiddleware for Checkpoints {
    fn generate_function_middleware<'a>(&self, _: LocalFunctionIndex) -> Box<dyn FunctionMiddleware<'a> + 'a> {
        Box::new(Checkpoint {
            globals: self.globals.get().copied(),
            begun: false,
        })
    }

    fn transform_module_info(&self, module: &mut ModuleInfo) -> Result<(), MiddlewareError> {
        let mut global = |initial| {
            module.global_initializers.push(GlobalInit::I32Const(initial));
            module
                .globals
                .push(GlobalType::new(Type::I32, Mutability::Var))
                .as_u32()
        };
        let globals = Globals {
            left: global(PATIENCE),
            operand: global(0),
        };
        self.globals
            .set(globals)
            .map_err(|_| MiddlewareError::new("checkpoints", "an engine compiles one module"))
    }
}

#[derive(Debug)]
struct Checkpoint {
    globals: Option<Globals>,
    begun: bool,
}

impl<'a> FunctionMiddleware<'a> for Checkpoint {
    fn feed(&mut self, operator: Operator<'a>, state: &mut MiddlewareReaderState<'a>) -> Result<(), MiddlewareError> {
        let globals = self
            .globals
            .ok_or_else(|| MiddlewareError::new("checkpoints", "the module's globals are not known yet"))?;
        if !self.begun {
            self.begun = true;
            state.extend(&count_down(globals, &[Operator::I32Const { value: 1 }]));
        }
        match operator {
            Operator::Loop { .. } => {
                state.push_operator(operator);
                state.extend(&count_down(globals, &[Operator::I32Const { value: 1 }]));
            }
            // Their last operand, on top of the stack, is how many bytes or entries.
            Operator::MemoryFill { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryInit { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::TableGrow { .. } => {
                let operand = globals.operand;
                state.push_operator(Operator::GlobalSet { global_index: operand });
                state.extend(&count_down(
                    globals,
                    &[
                        Operator::GlobalGet { global_index: operand },
                        Operator::I32Const { value: BYTES_A_TURN },
                        Operator::I32ShrU,
                    ],
                ));
                state.push_operator(Operator::GlobalGet { global_index: operand });
                state.push_operator(operator);
            }
            _ => state.push_operator(operator),
        }
        Ok(())
    }
}

/// `left -= turns; if left <= 0 { left = PATIENCE; if memory.grow(0) == -1 { unreachable } }`
///
/// The store to `left` in every turn is also what keeps the compiler from reading it only once.
fn count_down<'a>(globals: Globals, turns: &[Operator<'a>]) -> Vec<Operator<'a>> {
    let global_index = globals.left;
    let mut operators = vec![Operator::GlobalGet { global_index }];
    operators.extend_from_slice(turns);
    operators.extend([
        Operator::I32Sub,
        Operator::GlobalSet { global_index },
        Operator::GlobalGet { global_index },
        Operator::I32Const { value: 0 },
        Operator::I32LeS,
        Operator::If {
            blockty: BlockType::Empty,
        },
        Operator::I32Const { value: PATIENCE },
        Operator::GlobalSet { global_index },
        Operator::I32Const { value: 0 },
        Operator::MemoryGrow { mem: 0 },
        Operator::I32Const { value: -1 },
        Operator::I32Eq,
        Operator::If {
            blockty: BlockType::Empty,
        },
        Operator::Unreachable,
        Operator::End,
        Operator::End,
    ]);
    operators
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
