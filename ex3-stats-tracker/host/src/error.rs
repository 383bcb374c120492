//! The errors of starting the host.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use wasm::compiled_code;

use crate::manifest;

/// The host could not be started.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    #[error("{}: {key}: {problem}", .path.display())]
    Key {
        path: PathBuf,
        key: String,
        problem: String,
    },
    #[error("component {component}: {}: can't be read: {source}; build it first, or correct `source`", .path.display())]
    SourceUnreadable {
        component: String,
        path: PathBuf,
        source: io::Error,
    },
    #[error("component {component}: {}: is larger than {limit} bytes; give the path of a WebAssembly module", .path.display())]
    SourceTooLarge {
        component: String,
        path: PathBuf,
        limit: u64,
    },
    #[error("component {component}: {}: is neither a WebAssembly module nor a component; build it for wasm32-wasip1", .path.display())]
    NotWebAssembly { component: String, path: PathBuf },
    #[error("component {component}: {}: can't be encoded as a component: {problem}; build it with spin-sdk for wasm32-wasip1", .path.display())]
    NotComponentizable {
        component: String,
        path: PathBuf,
        problem: String,
    },
    #[error("component {component}: {}: can't be compiled: {problem}; build it again", .path.display())]
    NotCompilable {
        component: String,
        path: PathBuf,
        problem: String,
    },
    #[error(
        "component {component}: there is not enough memory to run it: {problem}; a machine with more memory, or a higher `ulimit -v`, may help"
    )]
    NoMemory { component: String, problem: String },
    #[error("component {component}: {}: can't be run: {problem}, and this program has no compiler; build the image again, or use a program with a compiler", .path.display())]
    NotCompiled {
        component: String,
        path: PathBuf,
        problem: String,
    },
    #[error(
        "component {component}: {}: can't be run: its compiled code needs a pool of instances, whose address space can't be reserved here, and this program has no compiler; raise the limit (`ulimit -v`), or use a program with a compiler", .path.display()
    )]
    CompiledForPool { component: String, path: PathBuf },
    #[error(
        "compiled code can't be cached: {0}; name a directory that only you can write to, on a disk that is not full"
    )]
    NotCached(compiled_code::Error),
    #[error("component {component}: {}: can't be linked: {problem}; this host offers WASI 0.2, wasi:http and Spin's variables", .path.display())]
    NotLinkable {
        component: String,
        path: PathBuf,
        problem: String,
    },
    #[error("component {component}: {}: has no export wasi:http/incoming-handler, which HTTP requests need", .path.display())]
    NotAHandler { component: String, path: PathBuf },
    #[error("{address}: the port is in use; stop the program that listens there, or choose another port (0 for any)")]
    AddressInUse { address: SocketAddr },
    #[error("{address}: can't listen: {source}; choose another address")]
    Address { address: SocketAddr, source: io::Error },
    #[error("{variable} {problem}")]
    Environment { variable: String, problem: String },
    #[error(
        "the WebAssembly engine can't be set up: {problem}; a machine with more memory, or a higher `ulimit -v`, may help"
    )]
    Engine { problem: String },
}
