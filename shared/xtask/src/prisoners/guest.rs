//! The guests: what each does, what a host should make of it, and their modules.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_encoder::{ConstExpr, Encode, SectionId};

/// The directory of the guests that are written by hand, relative to the workspace.
pub(super) const DIRECTORY: &str = "ex2-parser/hosts/prisoners";

/// The name of the guest that runs before and after each prisoner.
pub(super) const GOOD: &str = "good";

/// The answer of the good guest, and of every prisoner that is right.
pub(super) const ANSWER: &str = "{\"total\":7}";

/// What a host that contains a guest reports about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It was stopped or refused.
    Stopped,
    /// It gave the right answer.
    Answered,
    /// Either: it does nothing wrong, but a host may refuse its size.
    Either,
}

/// How a module is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A file in [`DIRECTORY`], written by hand.
    Written,
    /// It is too large for a file of the repository.
    Generated(fn(&mut File) -> Result<()>),
}

/// A guest that misbehaves, or only looks as if it did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prisoner {
    /// The name in the record and of its file.
    pub(super) name: &'static str,
    /// A few words for a table.
    pub(super) title: &'static str,
    pub(super) expected: Expected,
    pub(super) source: Source,
}

const fn written(name: &'static str, title: &'static str, expected: Expected) -> Prisoner {
    Prisoner {
        name,
        title,
        expected,
        source: Source::Written,
    }
}

const fn generated(
    name: &'static str,
    title: &'static str,
    expected: Expected,
    generate: fn(&mut File) -> Result<()>,
) -> Prisoner {
    Prisoner {
        name,
        title,
        expected,
        source: Source::Generated(generate),
    }
}

/// The twenty prisoners.
pub(super) const PRISONERS: [Prisoner; 20] = [
    written("endless-loop", "an endless loop", Expected::Stopped),
    written("endless-host-calls", "endless calls of the host", Expected::Stopped),
    written("memory-growth", "memory up to the limit", Expected::Stopped),
    written("table-growth", "a table that grows", Expected::Stopped),
    written("deep-recursion", "deep recursion", Expected::Stopped),
    generated("huge-frames", "huge frames", Expected::Stopped, huge_frames),
    written("lying-place", "a lying pointer and length", Expected::Stopped),
    written("endless-answer", "an answer that never ends", Expected::Stopped),
    written("overlapping-result", "a result that overlaps", Expected::Stopped),
    written("re-entry", "re-entry", Expected::Stopped),
    written("trap-in-start", "a trap in the start function", Expected::Stopped),
    generated("many-functions", "100,000 functions", Expected::Either, many_functions),
    generated("compile-bomb", "a compile bomb", Expected::Either, compile_bomb),
    generated(
        "huge-data-segment",
        "a data segment of 1 GB",
        Expected::Stopped,
        huge_data_segment,
    ),
    written("exceptions", "exceptions through the host", Expected::Stopped),
    written("missing-import", "an import that is missing", Expected::Stopped),
    written("wrong-types", "wrong types", Expected::Stopped),
    written("shared-memory", "shared memory", Expected::Stopped),
    written("floating-point", "floating-point state", Expected::Answered),
    written("slow", "right but slow", Expected::Answered),
];

/// Writes the module of the guest with this name into a directory, if it is not there.
pub(super) fn module(name: &str, source: Source, workspace: &Path, directory: &Path) -> Result<PathBuf> {
    let module = directory.join(format!("{name}.wasm"));
    match source {
        _ if module.exists() => {}
        Source::Written => {
            let file = workspace.join(DIRECTORY).join(format!("{name}.wat"));
            let text = fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
            let binary = wat::parse_str(text).with_context(|| format!("{} is no module", file.display()))?;
            fs::write(&module, binary)?;
        }
        Source::Generated(generate) => generate(&mut File::create_new(&module)?)?,
    }
    Ok(module)
}

/// The exports of an honest guest, `extract` left out.
const HONEST: &str = r#"(memory (export "memory") 1)
    (func (export "allocate") (param i32) (result i32) (i32.const 4096))
    (func (export "result") (result i32) (i32.const 1024))
    (func (export "result_length") (result i32) (i32.const 11))"#;

/// The answer of an honest guest.
const DATA: &str = r#"(data (i32.const 1024) "{\22total\22:7}")"#;

fn write(file: &mut File, fields: &str) -> Result<()> {
    let binary = wat::parse_str(format!("(module {HONEST} {DATA} {fields})"))?;
    Ok(file.write_all(&binary)?)
}

/// A function that calls itself, and keeps a thousand numbers of 128 bits for afterwards: a frame of 16 KB is larger than
/// a guard page, so that the end of the stack is jumped over unless the code looks for it.
fn huge_frames(file: &mut File) -> Result<()> {
    const LOCALS: u32 = 1_000;
    let mut text = String::from("(func $deeper (param i32) (result i32)");
    text.push_str(&" (local v128)".repeat(LOCALS as usize));
    for local in 1..=LOCALS {
        write!(
            text,
            "(local.set {local} (i32x4.splat (i32.add (local.get 0) (i32.const {local}))))"
        )?;
    }
    text.push_str("(call $deeper (i32.add (local.get 0) (i32.const 1)))");
    for local in 1..=LOCALS {
        write!(text, "(i32x4.extract_lane 0 (local.get {local})) i32.add ")?;
    }
    text.push_str(r#") (func (export "extract") (param i32 i32) (result i32) (call $deeper (local.get 0)))"#);
    write(file, &text)
}

/// 100,000 functions, each of which calls the next one. The answer is right.
fn many_functions(file: &mut File) -> Result<()> {
    const FUNCTIONS: u32 = 100_000;
    /// The number of the first one, behind the exports.
    const FIRST: u32 = 4;
    let mut text = String::from(r#"(func (export "extract") (param i32 i32) (result i32) (i32.const 0))"#);
    for function in 0..FUNCTIONS {
        let next = FIRST + (function + 1) % FUNCTIONS;
        write!(
            text,
            "(func (param i32) (result i32) (i32.mul (call {next} (local.get 0)) (i32.const {function})))"
        )?;
    }
    write(file, &text)
}

/// One function of 200 KB: 10,000 loops in one another, which change 10,000 locals, so that each local has a new value in
/// each loop. What a compiler has to know grows with the product of the two, and its time faster than that.
fn compile_bomb(file: &mut File) -> Result<()> {
    const LOOPS: usize = 10_000;
    const LOCALS: usize = 10_000;
    let mut text = String::from(r#"(func (export "extract") (param i32 i32) (result i32)"#);
    text.push_str(&" (local i32)".repeat(LOCALS));
    for number in 0..LOOPS {
        let (to, from) = (2 + number % LOCALS, 2 + (number * 7 + 1) % LOCALS);
        write!(
            text,
            " loop local.get {from} local.get 1 i32.add local.tee {to} i32.const 7 i32.eq br_if 0"
        )?;
    }
    text.push_str(&" end".repeat(LOOPS));
    text.push_str(" i32.const 0)");
    write(file, &text)
}

/// A module of 1 GB, nearly all of it zeros of one data segment. The file is sparse, and takes no space.
fn huge_data_segment(file: &mut File) -> Result<()> {
    const BYTES: u32 = 1_000_000_000;
    let exports = HONEST.replace(r#""memory") 1"#, r#""memory") 20000"#);
    let extract = r#"(func (export "extract") (param i32 i32) (result i32) (i32.const 0))"#;
    let mut module = wat::parse_str(format!("(module {exports} {extract})"))?;
    // One segment, which begins at address 0.
    let mut content = vec![1, 0];
    ConstExpr::i32_const(0).encode(&mut content);
    BYTES.encode(&mut content);
    // The data section is the last one.
    module.push(SectionId::Data.into());
    (BYTES + u32::try_from(content.len())?).encode(&mut module);
    module.extend(content);
    file.write_all(&module)?;
    Ok(file.set_len(module.len() as u64 + u64::from(BYTES))?)
}
