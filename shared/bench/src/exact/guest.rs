//! A guest whose instructions, host calls and copied bytes are counted.

use wasmtime::{
    Caller, Config, Engine, Error, ExternType, Func, Instance, Memory, Module, Result, Store, Val, WasmParams,
    WasmResults,
};

use crate::exact::compiled::{code, compiled_bytes};
use crate::exact::figures::{Counts, sha256};

/// More instructions than any guest here executes.
const FUEL: u64 = u64::MAX;

/// WASI's error number for a function that the host does not implement.
const ENOSYS: i32 = 52;

/// A guest in wasmtime, whose fuel counts instructions: one for each, but none for `nop`, `drop`, `block` and `loop`.
///
/// The host answers the few functions of WASI that guests of this project import, and discards what they write.
pub struct Guest {
    store: Store<Host>,
    instance: Instance,
    counts: Counts,
}

/// What the host's functions count, and the memory that they read.
#[derive(Default)]
struct Host {
    calls: u64,
    bytes_out: u64,
    memory: Option<Memory>,
}

impl Guest {
    /// Instantiates a module and calls its `_initialize`, if it has one.
    ///
    /// # Errors
    /// If it can't be compiled or instantiated.
    pub fn start(module: &[u8]) -> Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config)?;
        let code = code(&engine, module, Engine::precompile_module)?;
        // SAFETY: the cache has what this program's user or root has written, and the key names the engine.
        let compiled = unsafe { Module::deserialize(&engine, code)? };
        let mut store = Store::new(&engine, Host::default());
        store.set_fuel(FUEL)?;
        let mut imports = Vec::new();
        for import in compiled.imports() {
            let name = import.name().to_owned();
            imports.push(match import.ty() {
                ExternType::Func(function) => Func::new(&mut store, function, move |caller, arguments, results| {
                    answer(caller, &name, arguments, results)
                })
                .into(),
                ExternType::Memory(memory) => {
                    let memory = Memory::new(&mut store, memory)?;
                    store.data_mut().memory = Some(memory);
                    memory.into()
                }
                _ => return Err(Error::msg(format!("it imports {name}"))),
            });
        }
        let instance = Instance::new(&mut store, &compiled, &imports)?;
        if let Some(memory) = instance.get_memory(&mut store, "memory") {
            store.data_mut().memory = Some(memory);
        }
        let mut guest = Self {
            store,
            instance,
            counts: Counts {
                sha256: sha256(module),
                module_bytes: module.len() as u64,
                start_instructions: 0,
                instructions: 0,
                host_calls: 0,
                bytes_in: 0,
                bytes_out: 0,
                memory_pages: 0,
                compiled_bytes: compiled_bytes(module, Engine::precompile_module)?,
                native_instructions: None,
            },
        };
        if guest.instance.get_func(&mut guest.store, "_initialize").is_some() {
            guest.call::<(), ()>("_initialize", ())?;
        }
        guest.counts.start_instructions = FUEL - guest.store.get_fuel()?;
        Ok(guest)
    }

    /// Calls an export.
    ///
    /// # Errors
    /// If there is none of this type, or it traps.
    pub fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> Result<R> {
        let function = self.instance.get_typed_func::<P, R>(&mut self.store, name)?;
        function.call(&mut self.store, parameters)
    }

    /// Copies bytes into the guest's memory.
    ///
    /// # Errors
    /// If they lead out of it.
    pub fn write(&mut self, at: u32, bytes: &[u8]) -> Result<()> {
        self.counts.bytes_in += bytes.len() as u64;
        Ok(self.memory()?.write(&mut self.store, at as usize, bytes)?)
    }

    /// Copies bytes out of the guest's memory.
    ///
    /// # Errors
    /// If they lead out of it.
    pub fn read(&mut self, at: u32, length: u32) -> Result<Vec<u8>> {
        self.counts.bytes_out += u64::from(length);
        let memory = self.memory()?;
        let bytes = memory
            .data(&self.store)
            .get(at as usize..)
            .and_then(|rest| rest.get(..length as usize));
        bytes
            .map(<[u8]>::to_vec)
            .ok_or_else(|| Error::msg(format!("{length} bytes at {at} lead out of its memory")))
    }

    /// The counts so far.
    ///
    /// # Errors
    /// If it has no memory that the host knows.
    pub fn counts(mut self) -> Result<Counts> {
        let host = self.store.data();
        self.counts.host_calls = host.calls;
        self.counts.bytes_out += host.bytes_out;
        self.counts.instructions = FUEL - self.store.get_fuel()? - self.counts.start_instructions;
        self.counts.memory_pages = self.memory()?.size(&self.store);
        Ok(self.counts)
    }

    fn memory(&self) -> Result<Memory> {
        self.store.data().memory()
    }
}

impl Host {
    fn memory(&self) -> Result<Memory> {
        self.memory
            .ok_or_else(|| Error::msg("it neither imports nor exports a memory"))
    }
}

/// Answers a function of WASI, or the `log` of a Hello World.
fn answer(mut caller: Caller<'_, Host>, name: &str, arguments: &[Val], results: &mut [Val]) -> Result<()> {
    caller.data_mut().calls += 1;
    let number = |at: usize| arguments.get(at).and_then(Val::i32).unwrap_or(-1) as u32;
    let errno = match name {
        // An address and a length; it returns nothing.
        "log" => {
            caller.data_mut().bytes_out += u64::from(number(1));
            0
        }
        "proc_exit" => return Err(Error::msg(format!("it ended with {}", number(0)))),
        "fd_write" => {
            let mut written = 0;
            for vector in 0..number(2) {
                // A vector is an address and a length.
                written += read_u32(&mut caller, number(1) + vector * 8 + 4)?;
            }
            caller.data_mut().bytes_out += u64::from(written);
            write_u32(&mut caller, number(3), written)?;
            0
        }
        // No environment and no arguments: both sizes are zero.
        "environ_sizes_get" | "args_sizes_get" => {
            write_u32(&mut caller, number(0), 0)?;
            write_u32(&mut caller, number(1), 0)?;
            0
        }
        // Zeros are in the memory already, or something else: either is random enough for a hash map's key.
        "environ_get" | "args_get" | "random_get" => 0,
        _ => ENOSYS,
    };
    if let Some(result) = results.first_mut() {
        *result = Val::I32(errno);
    }
    Ok(())
}

fn read_u32(caller: &mut Caller<'_, Host>, at: u32) -> Result<u32> {
    let mut bytes = [0; 4];
    caller.data().memory()?.read(&caller, at as usize, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn write_u32(caller: &mut Caller<'_, Host>, at: u32, value: u32) -> Result<()> {
    Ok(caller
        .data()
        .memory()?
        .write(caller, at as usize, &value.to_le_bytes())?)
}
