//! Adds fuel metering to a module's code, so that its host can stop it.
//!
//! A global holds the module's fuel. Every function entry and every iteration of a loop takes fuel, in proportion to the
//! length of the code. When no fuel is left, the module polls its host, which decides whether the module may go on
//! ([`polling`](super::polling())).
//!
//! A compiler's middleware could not do this: it sees one instruction after the other, so at a loop's head it does not
//! know the loop's length. The additions follow the module's own locals, globals, types and functions, so all else stays
//! the same, byte for byte.

use std::borrow::Cow;
use std::ops::Range;

use wasm_encoder::{BlockType, CodeSection, ConstExpr, Encode, Function, GlobalType, Instruction, RawSection, ValType};
use wasmer::sys::wasmparser::{
    BinaryReaderError, FromReader, FunctionBody, Operator, Parser, Payload, SectionLimited, TypeRef,
};

/// The version of the instrumentation. Cached code of another version is not used.
pub const INSTRUMENTATION_VERSION: u32 = 3;

/// The fuel between two polls of the host. It lasts for about a hundred microseconds, or a hundred times as long if every
/// instruction waits for memory. A poll costs a tenth of a microsecond.
const FUEL_INTERVAL: i32 = 100_000;

/// One unit of fuel is spent on 2 to this power bytes of code, or on as many bytes or table entries that one bulk
/// instruction works on.
const FUEL_UNIT_BITS: i32 = 6;

/// The fuel for an instruction that may call out of the module.
const HOST_CALL_COST: i32 = 10;

const MEMORY_SECTION: u8 = 5;
const TAG_SECTION: u8 = 13;
const GLOBAL_SECTION: u8 = 6;
const CODE_SECTION: u8 = 10;

/// Returns the module with its checkpoints. The module has to be valid: then its own code cannot refer to the additions.
///
/// # Errors
/// If it is not valid.
pub fn instrument(binary: &[u8]) -> Result<Cow<'_, [u8]>, BinaryReaderError> {
    let module = Module::read(binary)?;
    if module.types_of_functions.is_empty() {
        return Ok(Cow::Borrowed(binary));
    }
    module.write(binary).map(Cow::Owned)
}

/// Whether a module gets a memory for polls, because it has none of its own.
///
/// # Errors
/// If it is not valid.
pub fn is_given_memory(binary: &[u8]) -> Result<bool, BinaryReaderError> {
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if let TypeRef::Memory(_) = import?.ty {
                        return Ok(false);
                    }
                }
            }
            Payload::MemorySection(memories) if memories.count() > 0 => return Ok(false),
            // The code section comes after the memory section.
            Payload::CodeSectionStart { count, .. } => return Ok(count > 0),
            _ => {}
        }
    }
    Ok(false)
}

/// The facts about a module that are needed before its code is written.
#[derive(Default)]
struct Module {
    /// The number of parameters of each function type.
    parameters: Vec<u32>,
    imported_functions: u32,
    /// The type of each function that is not imported.
    types_of_functions: Vec<u32>,
    globals: u32,
    has_memory: bool,
}

impl Module {
    fn read(binary: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(binary) {
            match payload? {
                Payload::TypeSection(types) => {
                    for function in types.into_iter_err_on_gc_types() {
                        module.parameters.push(number(function?.params().len()));
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        match import?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => module.imported_functions += 1,
                            TypeRef::Global(_) => module.globals += 1,
                            TypeRef::Memory(_) => module.has_memory = true,
                            TypeRef::Table(_) | TypeRef::Tag(_) => {}
                        }
                    }
                }
                Payload::FunctionSection(functions) => {
                    module.types_of_functions = functions.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::MemorySection(memories) => module.has_memory |= memories.count() > 0,
                Payload::GlobalSection(globals) => module.globals += globals.count(),
                _ => {}
            }
        }
        Ok(module)
    }

    fn write(&self, binary: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let additions = Additions {
            fuel: self.globals,
            poll_host: self.imported_functions + number(self.types_of_functions.len()),
            imported_functions: self.imported_functions,
        };
        let mut written = wasm_encoder::Module::new();
        let (mut has_memory, mut has_global) = (self.has_memory, false);
        let mut functions = self.types_of_functions.iter();
        let mut code = CodeSection::new();
        for payload in Parser::new(0).parse_all(binary) {
            let payload = payload?;
            if let Payload::CodeSectionEntry(body) = &payload {
                let parameters = functions
                    .next()
                    .and_then(|number| self.parameters.get(*number as usize));
                code.raw(&additions.function(body, parameters.copied().unwrap_or_default())?);
                if functions.len() == 0 {
                    code.function(&additions.poll_host());
                    written.section(&code);
                }
                continue;
            }
            let Some((id, range)) = payload.as_section() else {
                continue;
            };
            if id > MEMORY_SECTION && !has_memory {
                let data = [&[1], POLL_MEMORY].concat();
                written.section(&RawSection {
                    id: MEMORY_SECTION,
                    data: &data,
                });
                has_memory = true;
            }
            if id > GLOBAL_SECTION && id != TAG_SECTION && !has_global {
                let data = [&[1], &*additions.global()].concat();
                written.section(&RawSection {
                    id: GLOBAL_SECTION,
                    data: &data,
                });
                has_global = true;
            }
            let data = match &payload {
                Payload::TypeSection(types) => with_item_appended(types, binary, &POLL_TYPE),
                Payload::FunctionSection(functions) => {
                    with_item_appended(functions, binary, &encoded(number(self.parameters.len())))
                }
                Payload::MemorySection(memories) if !has_memory => {
                    has_memory = true;
                    with_item_appended(memories, binary, POLL_MEMORY)
                }
                Payload::GlobalSection(globals) => {
                    has_global = true;
                    with_item_appended(globals, binary, &additions.global())
                }
                _ if id == CODE_SECTION => continue,
                _ => part(binary, range).to_vec(),
            };
            written.section(&RawSection { id, data: &data });
        }
        Ok(written.finish())
    }
}

/// The memory type of a memory with 0 pages and a maximum of 0. It is only used for polls.
const POLL_MEMORY: &[u8] = &[1, 0, 0];

/// The type of a function without parameters and results.
const POLL_TYPE: [u8; 3] = [0x60, 0, 0];

/// The indices of the items that are added to a module.
struct Additions {
    /// The global that holds the fuel until the next poll.
    fuel: u32,
    /// The function that polls the host.
    poll_host: u32,
    imported_functions: u32,
}

impl Additions {
    fn global(&self) -> Vec<u8> {
        let mut global = Vec::new();
        let kind = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        kind.encode(&mut global);
        ConstExpr::i32_const(FUEL_INTERVAL).encode(&mut global);
        global
    }

    /// `fuel = FUEL_INTERVAL; if memory.grow(0) == -1 { unreachable }`
    fn poll_host(&self) -> Function {
        let mut function = Function::new([]);
        for instruction in [
            Instruction::I32Const(FUEL_INTERVAL),
            Instruction::GlobalSet(self.fuel),
            Instruction::I32Const(0),
            Instruction::MemoryGrow(0),
            Instruction::I32Const(-1),
            Instruction::I32Eq,
            Instruction::If(BlockType::Empty),
            Instruction::Unreachable,
            Instruction::End,
            Instruction::End,
        ] {
            function.instruction(&instruction);
        }
        function
    }

    /// Takes fuel.
    fn take(&self, cost: i32, written: &mut Vec<u8>) {
        self.take_result(&[Instruction::I32Const(cost)], written);
    }

    /// `fuel -= cost; if fuel < 0 { poll_host() }`
    ///
    /// Because every iteration also writes the global, the compiler can't read the fuel only once.
    fn take_result(&self, cost: &[Instruction<'_>], written: &mut Vec<u8>) {
        Instruction::GlobalGet(self.fuel).encode(written);
        for instruction in cost {
            instruction.encode(written);
        }
        for instruction in [
            Instruction::I32Sub,
            Instruction::GlobalSet(self.fuel),
            Instruction::GlobalGet(self.fuel),
            Instruction::I32Const(0),
            Instruction::I32LtS,
            Instruction::If(BlockType::Empty),
            Instruction::Call(self.poll_host),
            Instruction::End,
        ] {
            instruction.encode(written);
        }
    }

    /// A function's body with its checkpoints.
    fn function(&self, body: &FunctionBody<'_>, parameters: u32) -> Result<Vec<u8>, BinaryReaderError> {
        let Some(mut loops) = self.loops(body)?.map(Vec::into_iter) else {
            return Ok(body.as_bytes().to_vec());
        };
        let mut locals = body.get_locals_reader()?;
        let before = locals.original_position();
        let groups = locals.get_count();
        let mut operand = parameters;
        for _ in 0..groups {
            operand += locals.read()?.0;
        }
        let bytes = body.as_bytes();
        let start = body.range().start;
        let part = |begin, end| part(bytes, begin - start..end - start);
        let mut written = encoded(groups + 1);
        written.extend_from_slice(part(before, locals.original_position()));
        1_u32.encode(&mut written);
        ValType::I32.encode(&mut written);
        self.take(cost(body.range().end - start), &mut written);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let begin = operators.original_position();
            let operator = operators.read()?;
            let instruction = part(begin, operators.original_position());
            match operator {
                Operator::Loop { .. } => {
                    written.extend_from_slice(instruction);
                    self.take(cost(loops.next().unwrap_or_default()), &mut written);
                }
                // The last operand of these instructions is the number of bytes or entries.
                Operator::MemoryFill { .. }
                | Operator::MemoryCopy { .. }
                | Operator::MemoryInit { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. }
                | Operator::TableGrow { .. } => {
                    Instruction::LocalSet(operand).encode(&mut written);
                    let cost = [
                        Instruction::LocalGet(operand),
                        Instruction::I32Const(FUEL_UNIT_BITS),
                        Instruction::I32ShrU,
                    ];
                    self.take_result(&cost, &mut written);
                    Instruction::LocalGet(operand).encode(&mut written);
                    written.extend_from_slice(instruction);
                }
                _ => {
                    if self.may_leave_module(&operator) {
                        self.take(HOST_CALL_COST, &mut written);
                    }
                    written.extend_from_slice(instruction);
                }
            }
        }
        Ok(written)
    }

    /// Whether an instruction may run code outside of the module.
    fn may_leave_module(&self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                *function_index < self.imported_functions
            }
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::MemoryGrow { .. } => true,
            _ => false,
        }
    }

    /// The length in bytes of each loop; `None` for a function that costs less than one unit of fuel and calls no other.
    fn loops(&self, body: &FunctionBody<'_>) -> Result<Option<Vec<usize>>, BinaryReaderError> {
        let mut counts = body.as_bytes().len() >> FUEL_UNIT_BITS > 0;
        let mut lengths = Vec::new();
        // The loops among the open blocks.
        let mut open = Vec::new();
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (operator, position) = operators.read_with_offset()?;
            match operator {
                Operator::Loop { .. } => {
                    open.push(Some((lengths.len(), position)));
                    lengths.push(0);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::Try { .. } | Operator::TryTable { .. } => {
                    open.push(None);
                }
                Operator::End | Operator::Delegate { .. } => {
                    if let Some(Some((number, begin))) = open.pop() {
                        lengths[number] = position - begin;
                    }
                }
                Operator::Call { .. }
                | Operator::CallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
                | Operator::MemoryGrow { .. }
                | Operator::MemoryFill { .. }
                | Operator::MemoryCopy { .. }
                | Operator::MemoryInit { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. }
                | Operator::TableGrow { .. } => counts = true,
                _ => {}
            }
        }
        Ok((counts || !lengths.is_empty()).then_some(lengths))
    }
}

/// A section's content, with one more item at its end.
fn with_item_appended<'a, T: FromReader<'a>>(section: &SectionLimited<'a, T>, binary: &[u8], item: &[u8]) -> Vec<u8> {
    let mut content = encoded(section.count() + 1);
    content.extend_from_slice(part(binary, section.original_position()..section.range().end));
    content.extend_from_slice(item);
    content
}

/// The fuel for this number of bytes of code.
fn cost(bytes: usize) -> i32 {
    i32::try_from(bytes >> FUEL_UNIT_BITS)
        .unwrap_or(i32::MAX)
        .saturating_add(1)
}

/// The bytes in a range that the parser returned.
fn part(bytes: &[u8], range: Range<usize>) -> &[u8] {
    &bytes[range]
}

fn encoded(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    number.encode(&mut bytes);
    bytes
}

/// A module's counts fit in 32 bits.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
