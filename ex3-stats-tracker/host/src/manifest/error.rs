//! The errors of reading a manifest.

use std::io;
use std::path::PathBuf;

/// The largest `spin.toml` that is read, in bytes. A real one has a few KB, but a path given by mistake can be a disk
/// image.
pub(super) const MANIFEST_BYTES: u64 = 1 << 20;

/// A manifest can't be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("{}: can't be read: {source}; give the path of a spin.toml", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: is larger than {MANIFEST_BYTES} bytes; give the path of a spin.toml", .path.display())]
    TooLarge { path: PathBuf },
    #[error("{}: line {line}: {problem}; correct it there", .path.display())]
    Invalid {
        path: PathBuf,
        line: usize,
        problem: String,
    },
    #[error("{}: {key}: {problem}", .path.display())]
    Key {
        path: PathBuf,
        key: String,
        problem: String,
    },
    #[error("{}: {key}: this host can't provide it; remove the key, or run the application with `spin up`", .path.display())]
    Unsupported { path: PathBuf, key: String },
    #[error("{}: {key}: there is no variable `{variable}`; declare it under [variables], or correct the name", .path.display())]
    UnknownVariable {
        path: PathBuf,
        key: String,
        variable: String,
    },
    #[error("{}: variables.{name}: is required and has no value; provide one, or give it a default", .path.display())]
    MissingVariable { path: PathBuf, name: String },
    #[error("{}: a value was provided for `{name}`, which is not under [variables]; declare it there, or correct the name", .path.display())]
    UndeclaredVariable { path: PathBuf, name: String },
}
