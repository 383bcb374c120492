//! The engines that benches run guests in, each with the name and the versions that its cases are filed under.
//!
//! All of them keep what they compiled in the same store, behind the same checks.

pub mod wasmer;
#[cfg(feature = "runtimes")]
pub mod wasmtime;

use std::collections::BTreeMap;

use crate::cases::{self, Recorder};

/// What a case says about the engine in it.
#[derive(Clone, Debug)]
pub struct About {
    /// For ids: `wasmer-cranelift`.
    pub id: &'static str,
    /// For readers, in a label: `Wasmer, Cranelift`.
    pub label: String,
    /// With the version: `Wasmer 7.4.2, Cranelift`.
    pub name: String,
    /// The versions that matter.
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

/// Why a case is not there that the feature would bring.
pub const WITHOUT_RUNTIMES: &str = "built without the feature `runtimes`: add --features runtimes";

/// Names the cases of a guest that this build has no engine for.
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
