//! The engines that benches run guests in, each with its name and its versions.
//!
//! All engines keep compiled code in the same cache, with the same checks.

pub mod wasmer;
#[cfg(feature = "runtimes")]
pub mod wasmtime;

use std::collections::BTreeMap;

use crate::cases::{self, Recorder};

/// The names and versions of an engine, for its cases.
#[derive(Clone, Debug)]
pub struct About {
    /// The part of a case's id: `wasmer-cranelift`.
    pub id: &'static str,
    /// The part of a case's label: `Wasmer, Cranelift`.
    pub label: String,
    /// The name with the version: `Wasmer 7.4.2, Cranelift`.
    pub name: String,
    /// The versions of the engine's crates, by name.
    pub versions: BTreeMap<String, String>,
}

impl About {
    fn new(id: &'static str, engine: &str, compiler: &str, crates: &[&str]) -> Self {
        let versions: BTreeMap<_, _> = crates
            .iter()
            .map(|&name| (name.to_owned(), cases::locked(name)))
            .collect();
        let version = crates.first().map(|&name| versions[name].clone()).unwrap_or_default();
        Self {
            id,
            label: format!("{engine}, {compiler}"),
            name: format!("{engine} {version}, {compiler}"),
            versions,
        }
    }
}

/// The reason of a case that is skipped because the feature `runtimes` is off.
pub const WITHOUT_RUNTIMES: &str = "built without the feature `runtimes`: add --features runtimes";

/// Adds the skipped cases of a guest: those whose engine is not in this build.
pub fn skip_others(recorder: &mut Recorder, guest: &str, label: &str) {
    let mut skip = |built: bool, id: &str, name: &str, why: &str| {
        if !built {
            recorder.skipped(&format!("{guest}/{id}"), &format!("{label}, {name}"), why);
        }
    };
    const LLVM: &str = "built without the feature `llvm`, which needs LLVM 22.1 (Debian: llvm-22-dev, libpolly-22-dev): \
                        add --features llvm";
    skip(
        cfg!(feature = "runtimes"),
        "wasmer-singlepass",
        "Wasmer, Singlepass",
        WITHOUT_RUNTIMES,
    );
    skip(cfg!(feature = "llvm"), "wasmer-llvm", "Wasmer, LLVM", LLVM);
    skip(
        cfg!(feature = "runtimes"),
        "wasmtime",
        "wasmtime, Cranelift",
        WITHOUT_RUNTIMES,
    );
}
