//! The module's exports, in the canonical ABI of the component model.
//!
//! A text argument is written to memory that the module allocates and then owns. A compound result is returned as its
//! address. A Ruby value is represented by its address, and Ruby's garbage collector keeps it until [`Abi::release`].

use wasi_host::Process;
use wasmer::{AsStoreRef, Instance, Memory, MemoryAccessError, RuntimeError, Store, TypedFunction, WasmTypeList};

/// The handle of a Ruby value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value(i32);

/// The id of a method's name (a symbol).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method(i32);

/// Why an evaluation or a call has no value.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It raised this exception.
    Raised(Value),
    /// It ended by another jump, with Ruby's tag of the jump.
    Jump(i32),
    /// The module was stopped.
    Stopped(Stopped),
}

/// Why the module was stopped. It can't be called again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("it returned an address outside its memory: {0}")]
    Memory(#[from] MemoryAccessError),
    #[error(transparent)]
    Trap(#[from] RuntimeError),
}

impl<E: Into<Stopped>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Stopped(error.into())
    }
}

/// The exports that this host calls.
pub(crate) struct Abi {
    memory: Memory,
    allocate: TypedFunction<(i32, i32, i32, i32), i32>,
    start: TypedFunction<(i32, i32), ()>,
    evaluate: TypedFunction<(i32, i32), i32>,
    intern: TypedFunction<(i32, i32), i32>,
    call: TypedFunction<(i32, i32, i32, i32), i32>,
    raised: TypedFunction<(), i32>,
    forget_raised: TypedFunction<(), ()>,
    text: TypedFunction<i32, i32>,
    release_text: TypedFunction<i32, ()>,
    release: TypedFunction<i32, ()>,
}

impl Abi {
    /// Looks up the exports. The error is the name of a missing one.
    pub(crate) fn new(store: &Store, instance: &Instance) -> Result<Self, String> {
        fn function<P: WasmTypeList, R: WasmTypeList>(
            store: &Store,
            instance: &Instance,
            name: &str,
        ) -> Result<TypedFunction<P, R>, String> {
            instance
                .exports
                .get_typed_function(store, name)
                .map_err(|_| name.to_owned())
        }
        Ok(Self {
            memory: instance.exports.get_memory("memory").map_err(|_| "memory")?.clone(),
            allocate: function(store, instance, "cabi_realloc")?,
            start: function(store, instance, "ruby-init: func(args: list<string>) -> ()")?,
            evaluate: function(
                store,
                instance,
                "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>",
            )?,
            intern: function(store, instance, "rb-intern: func(name: string) -> u32")?,
            call: function(
                store,
                instance,
                "rb-funcallv-protect: func(recv: handle<rb-abi-value>, mid: u32, args: list<handle<rb-abi-value>>) -> tuple<handle<rb-abi-value>, s32>",
            )?,
            raised: function(store, instance, "rb-errinfo: func() -> handle<rb-abi-value>")?,
            forget_raised: function(store, instance, "rb-clear-errinfo: func() -> ()")?,
            text: function(
                store,
                instance,
                "rstring-ptr: func(value: handle<rb-abi-value>) -> string",
            )?,
            release_text: function(store, instance, "cabi_post_rstring-ptr")?,
            release: function(store, instance, "canonical_abi_drop_rb-abi-value")?,
        })
    }

    /// Starts the interpreter with a command line, including argument 0.
    pub(crate) fn start(&self, process: &mut Process<'_>, arguments: &[&str]) -> Result<(), Stopped> {
        process.work(|store, _| {
            // A text is represented by two words: its address and its length.
            let list = self.allocate.call(store, 0, 0, 4, word(arguments.len() * 8))?;
            for (index, argument) in arguments.iter().enumerate() {
                let (address, length) = self.write(store, argument)?;
                let item = u64::from(list as u32) + index as u64 * 8;
                let view = self.memory.view(store);
                view.write(item, &address.to_le_bytes())?;
                view.write(item + 4, &length.to_le_bytes())?;
            }
            Ok(self.start.call(store, list, word(arguments.len()))?)
        })
    }

    /// Evaluates code, which must not contain a zero byte: Ruby would take it for the end.
    pub(crate) fn evaluate(&self, process: &mut Process<'_>, code: &str) -> Result<Value, Failure> {
        process.work(|store, _| {
            let (address, length) = self.write(store, code)?;
            let result = self.evaluate.call(store, address, length)?;
            self.value(store, result)
        })
    }

    /// The id of a method's name.
    pub(crate) fn intern(&self, process: &mut Process<'_>, method: &str) -> Result<Method, Stopped> {
        process.work(|store, _| {
            let (address, length) = self.write(store, method)?;
            Ok(Method(self.intern.call(store, address, length)?))
        })
    }

    /// Calls a method.
    pub(crate) fn call(
        &self,
        process: &mut Process<'_>,
        receiver: Value,
        method: Method,
        arguments: &[Value],
    ) -> Result<Value, Failure> {
        process.work(|store, _| {
            let list = self.allocate.call(store, 0, 0, 4, word(arguments.len() * 4))?;
            for (index, argument) in arguments.iter().enumerate() {
                let item = u64::from(list as u32) + index as u64 * 4;
                self.memory.view(store).write(item, &argument.0.to_le_bytes())?;
            }
            let result = self
                .call
                .call(store, receiver.0, method.0, list, word(arguments.len()))?;
            self.value(store, result)
        })
    }

    /// The bytes of a value that is a string.
    pub(crate) fn text(&self, process: &mut Process<'_>, string: Value) -> Result<Vec<u8>, Stopped> {
        process.work(|store, _| {
            let result = self.text.call(store, string.0)?;
            let (address, length) = self.two_words(store, result)?;
            // The view checks the range before it allocates the bytes.
            let bytes = {
                let view = self.memory.view(store);
                let end = u64::from(address as u32) + u64::from(length as u32);
                view.copy_range_to_vec(u64::from(address as u32)..end)?
            };
            self.release_text.call(store, result)?;
            Ok(bytes)
        })
    }

    /// Allows Ruby's garbage collector to free a value.
    pub(crate) fn release(&self, process: &mut Process<'_>, value: Value) -> Result<(), Stopped> {
        process.work(|store, _| Ok(self.release.call(store, value.0)?))
    }

    /// Writes a text, with a zero byte after it, which Ruby's functions expect. Returns its address and length.
    fn write(&self, store: &mut Store, text: &str) -> Result<(i32, i32), Stopped> {
        let address = self.allocate.call(store, 0, 0, 1, word(text.len() + 1))?;
        let view = self.memory.view(store);
        let start = u64::from(address as u32);
        view.write(start, text.as_bytes())?;
        view.write_u8(start + text.len() as u64, 0)?;
        Ok((address, word(text.len())))
    }

    /// The result of an evaluation or a call: a value and a state, at the address `result`.
    fn value(&self, store: &mut Store, result: i32) -> Result<Value, Failure> {
        let (value, state) = self.two_words(store, result)?;
        // The lower 4 bits of the state are Ruby's tag of a jump.
        match state & 0xf {
            0 => Ok(Value(value)),
            // TAG_RAISE and TAG_FATAL. The exception is `$!` until it is cleared.
            6 | 8 => {
                let raised = self.raised.call(store)?;
                self.forget_raised.call(store)?;
                Err(Failure::Raised(Value(raised)))
            }
            other => Err(Failure::Jump(other)),
        }
    }

    fn two_words(&self, store: &impl AsStoreRef, address: i32) -> Result<(i32, i32), Stopped> {
        let mut bytes = [0; 8];
        self.memory.view(store).read(u64::from(address as u32), &mut bytes)?;
        let [a, b, c, d, e, f, g, h] = bytes;
        Ok((i32::from_le_bytes([a, b, c, d]), i32::from_le_bytes([e, f, g, h])))
    }
}

/// A length or address in the module's 32-bit memory. If it does not fit, the module will fail to allocate `u32::MAX`.
fn word(length: usize) -> i32 {
    u32::try_from(length).unwrap_or(u32::MAX) as i32
}
