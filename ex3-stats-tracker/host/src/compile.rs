//! Reads the `source` of a component, and compiles it or loads its compiled code from the cache.

use std::env::consts::ARCH;
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

/// The largest source that is read, in bytes: much larger than a component, but smaller than a disk image that was
/// named by mistake.
const SOURCE_BYTES: u64 = 64 << 20;

/// The part of the engine's message for a lack of memory. Its errors have no kind.
#[cfg(feature = "compiler")]
const OUT_OF_MEMORY: &str = "(os error 12)";

/// The first eight bytes of a core module: magic, version and layer.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// The first eight bytes of a component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Loads compiled code of a module or a component from the cache, for any processor or for this one, or compiles it.
pub(super) fn component(runtime: &Runtime, store: &Store, id: &str, path: &Path) -> Result<Component, Error> {
    let source = read(id, path)?;
    let unusable = match store.get(&portable_key(ARCH, &source)) {
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

/// The error of a host without a compiler. `unusable` is why the code that was compiled ahead can't be used; `None` if
/// there is no such code.
fn not_compiled(runtime: &Runtime, id: &str, path: &Path, unusable: Option<String>) -> Error {
    let (component, path) = (id.to_owned(), path.to_owned());
    let problem = match unusable {
        Some(_) if !runtime.runs_code_for_pool() => return Error::CompiledForPool { component, path },
        Some(problem) => format!("its compiled code can't be used: {problem}"),
        None => "there is no compiled code of it beside this program".to_owned(),
    };
    Error::NotCompiled {
        component,
        path,
        problem,
    }
}

fn load(runtime: &Runtime, entry: Entry) -> wasmtime::Result<Component> {
    // SAFETY: the entry's checksum is right, only this program's user or root can have written its file, and its key
    // contains this engine and the source. The engine also checks its version, its settings and the processor.
    unsafe { Component::deserialize(runtime.engine(), entry.code()) }
}

/// The key of code for any processor of an architecture. The engine checks the settings.
fn portable_key(architecture: &str, source: &[u8]) -> Key {
    Key::portable(architecture, source, engine::NAME, engine::VERSION, &adapter_checksum())
}

/// Compiles a module or a component for any processor of an architecture, which is that of the runtime, and caches the code
/// for a host without a compiler.
#[cfg(feature = "compiler")]
pub(super) fn ahead(runtime: &Runtime, architecture: &str, store: &Store, id: &str, path: &Path) -> Result<(), Error> {
    let source = read(id, path)?;
    let code = runtime
        .engine()
        .precompile_component(&componentize(&source, id, path)?)
        .map_err(not_compilable(id, path))?;
    let key = portable_key(architecture, &source);
    store.put(&key, &code).map_err(Error::NotCached)
}

/// Without a compiler the error is returned.
#[cfg(not(feature = "compiler"))]
fn otherwise(_: &Runtime, _: &Store, _: &str, _: &Path, _: &[u8], not_compiled: Error) -> Result<Component, Error> {
    Err(not_compiled)
}

/// Loads code that was compiled for this processor, or compiles the source.
#[cfg(feature = "compiler")]
fn otherwise(
    runtime: &Runtime,
    store: &Store,
    id: &str,
    path: &Path,
    source: &[u8],
    _: Error,
) -> Result<Component, Error> {
    // The key has the module's bytes, not the component's, so that a cached entry is found without encoding a
    // component. The encoded component also depends on the adapter, so that its checksum is a part of the key.
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
        // A lack of memory is no fault of the module.
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

/// Encodes a core module as a component with WASI's adapter for reactors, as Spin does. A component is returned
/// unchanged.
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

/// An engine's message in one line.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use super::*;

    #[test]
    fn code_for_a_pool_is_refused_without_a_pool_and_the_error_has_the_next_step() {
        let module = &wat::parse_str("(component)").unwrap();
        let runtime = Runtime::portable(ARCH).unwrap();
        let code = runtime.engine().precompile_component(module).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path().join("compiled-code"));
        let key = portable_key(ARCH, module);
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
            assert!(error.contains("build the image again"), "{error}");
        }
    }
}
