//! From the file that `spin.toml` names to a component that can be instantiated.

use std::fs;
use std::io;
use std::path::Path;

#[cfg(feature = "compiler")]
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
use wasm::compiled_code::{Entry, Key, Store};
use wasmtime::component::Component;
#[cfg(feature = "compiler")]
use wit_component::ComponentEncoder;

use super::engine::{self, Runtime};
use super::error::Error;

/// The largest source that is read: many times a real component, and no disk image named by mistake.
const SOURCE_BYTES: u64 = 64 << 20;

/// What the engine says, in the system's words, where there is no memory for code: its errors carry no kind.
#[cfg(feature = "compiler")]
const OUT_OF_MEMORY: &str = "(os error 12)";

/// The first eight bytes of a core module, and of a component: the magic, the version, and which of the two it is.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Loads what was compiled of a module or a component before, for any processor or for this one, or compiles it.
pub(super) fn component(runtime: &Runtime, store: &Store, id: &str, path: &Path) -> Result<Component, Error> {
    let source = read(id, path)?;
    let unusable = match store.get(&portable_key(&source)) {
        Ok(None) => None,
        Ok(Some(entry)) => match load(runtime, entry) {
            Ok(component) => return Ok(component),
            Err(error) => Some(one_line(&format!("{error:#}"))),
        },
        Err(error) => Some(error.to_string()),
    };
    otherwise(
        runtime,
        store,
        id,
        path,
        &source,
        not_compiled(runtime, id, path, unusable),
    )
}

/// Why a host without a compiler does not run a component; `unusable` says what is wrong with the code that was compiled
/// ahead, where there is such code.
fn not_compiled(runtime: &Runtime, id: &str, path: &Path, unusable: Option<String>) -> Error {
    let (component, path) = (id.to_owned(), path.to_owned());
    let problem = match unusable {
        Some(_) if !runtime.runs_code_for_pool() => return Error::CompiledForPool { component, path },
        Some(problem) => format!("the code that was compiled from it can't be used: {problem}"),
        None => "no code that was compiled from it lies beside this program".to_owned(),
    };
    Error::NotCompiled {
        component,
        path,
        problem,
    }
}

fn load(runtime: &Runtime, entry: Entry) -> wasmtime::Result<Component> {
    // SAFETY: the entry was found whole, in a file that only this program's user or root can have written, under a key
    // that names this engine and what it was made from; the engine checks its own version and settings, and the
    // processor, once more.
    unsafe { Component::deserialize(runtime.engine(), entry.code()) }
}

/// Files a module under its own bytes, as below; the engine checks the settings.
fn portable_key(source: &[u8]) -> Key {
    Key::portable(source, engine::NAME, engine::VERSION, &adapter_checksum())
}

/// Compiles a module or a component for any processor of this architecture, and keeps it. A host that has no compiler
/// loads it.
#[cfg(feature = "compiler")]
pub(super) fn ahead(runtime: &Runtime, store: &Store, id: &str, path: &Path) -> Result<(), Error> {
    let source = read(id, path)?;
    let code = runtime
        .engine()
        .precompile_component(&componentize(&source, id, path)?)
        .map_err(not_compilable(id, path))?;
    let key = portable_key(&source);
    store.put(&key, &code).map_err(Error::NotCached)
}

/// Without a compiler there is nothing else.
#[cfg(not(feature = "compiler"))]
fn otherwise(_: &Runtime, _: &Store, _: &str, _: &Path, _: &[u8], not_compiled: Error) -> Result<Component, Error> {
    Err(not_compiled)
}

/// Loads what was compiled for this processor, or compiles it.
#[cfg(feature = "compiler")]
fn otherwise(
    runtime: &Runtime,
    store: &Store,
    id: &str,
    path: &Path,
    source: &[u8],
    _: Error,
) -> Result<Component, Error> {
    // A module is filed under its own bytes, so that what is kept is found without making a component of it again.
    // The adapter that goes into it changes with this crate's version of it, and is a part of the key therefore.
    let compiler = format!("{} {}", runtime.compiler(), adapter_checksum());
    let key = Key::new(source, engine::NAME, engine::VERSION, &compiler);
    store.load_or_compile(
        &key,
        |entry| load(runtime, entry),
        || {
            let component = componentize(source, id, path)?;
            let component = Component::new(runtime.engine(), &*component).map_err(not_compilable(id, path))?;
            let code = component.serialize().map_err(not_compilable(id, path))?;
            Ok((component, code))
        },
    )
}

#[cfg(feature = "compiler")]
fn not_compilable(id: &str, path: &Path) -> impl FnOnce(wasmtime::Error) -> Error {
    move |error| {
        let (component, problem) = (id.to_owned(), one_line(&format!("{error:#}")));
        // Whatever the module is: without memory none can be compiled.
        if problem.contains(OUT_OF_MEMORY) {
            return Error::NoMemory { component, problem };
        }
        Error::NotCompilable {
            component,
            path: path.to_owned(),
            problem,
        }
    }
}

fn read(id: &str, path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::SourceUnreadable {
        component: id.to_owned(),
        path: path.to_owned(),
        source,
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(io::Error::other("it is not a file")));
    }
    if metadata.len() > SOURCE_BYTES {
        let limit = SOURCE_BYTES;
        return Err(Error::SourceTooLarge {
            component: id.to_owned(),
            path: path.to_owned(),
            limit,
        });
    }
    let source = fs::read(path).map_err(unreadable)?;
    if source.starts_with(MODULE) || source.starts_with(COMPONENT) {
        Ok(source)
    } else {
        Err(Error::NotWebAssembly {
            component: id.to_owned(),
            path: path.to_owned(),
        })
    }
}

/// A core module becomes a component as Spin makes it one: by WASI's adapter for reactors. A component is taken as it
/// is.
#[cfg(feature = "compiler")]
fn componentize(source: &[u8], id: &str, path: &Path) -> Result<Vec<u8>, Error> {
    if source.starts_with(COMPONENT) {
        return Ok(source.to_owned());
    }
    ComponentEncoder::default()
        .validate(true)
        .module(source)
        .and_then(|encoder| {
            encoder.adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )
        })
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| Error::NotComponentizable {
            component: id.to_owned(),
            path: path.to_owned(),
            problem: one_line(&format!("{error:#}")),
        })
}

fn adapter_checksum() -> String {
    format!(
        "{:016x}",
        xxhash_rust::xxh3::xxh3_64(WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
    )
}

/// An engine's message in one sentence.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use super::*;

    #[test]
    fn code_for_a_pool_is_refused_without_one_and_the_error_says_what_to_do() {
        let module = &wat::parse_str("(component)").unwrap();
        let runtime = Runtime::portable().unwrap();
        let code = runtime.engine().precompile_component(module).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path().join("compiled-code"));
        let key = portable_key(module);
        store.put(&key, &code).unwrap();
        let entry = || store.get(&key).unwrap().unwrap();
        assert!(load(&Runtime::new(1, 1 << 20).unwrap(), entry()).is_ok());
        let on_demand = Runtime::without_pool().unwrap();
        let refused = load(&on_demand, entry()).map(drop).unwrap_err().to_string();
        let path = Path::new("guest.wasm");
        let error = not_compiled(&on_demand, "guest", path, Some(refused)).to_string();
        assert!(
            error.starts_with("component guest: guest.wasm: can't be run: "),
            "{error}"
        );
        assert!(error.contains("`ulimit -v`"), "{error}");
        for unusable in [None, Some("another version".to_owned())] {
            let error = not_compiled(&runtime, "guest", path, unusable).to_string();
            assert!(error.contains("build the image anew"), "{error}");
        }
    }
}
