//! Wasmer, with each compiler that this build has.

use wasm::guest_limits::{self, Limits};
use wasmer::{Engine, Module};

use crate::engines::About;

/// Wasmer with one of its compilers.
#[derive(Clone, Debug)]
pub struct Wasmer {
    /// What its cases say.
    pub about: About,
    /// The engine, with limits.
    pub engine: Engine,
}

impl Wasmer {
    /// Why this engine can't run a guest, if it can't: Singlepass has no vectors, and the guests that are compiled from
    /// Rust use them. The default engine has to run all of them, so it is not asked.
    pub fn refusal(&self, guest: &[u8]) -> Option<String> {
        if self.about.id == default().id {
            return None;
        }
        let error = Module::new(&self.engine, guest).err()?;
        Some(format!("{} can't compile the guest: {error}", self.about.name))
    }
}

/// Wasmer's engines, the default one first.
#[must_use]
pub fn all(limits: Limits) -> Vec<Wasmer> {
    vec![
        Wasmer {
            about: default(),
            engine: guest_limits::engine(limits),
        },
        #[cfg(feature = "runtimes")]
        Wasmer {
            about: singlepass(),
            engine: guest_limits::limited(wasmer::sys::Singlepass::default().into(), limits),
        },
        #[cfg(feature = "llvm")]
        Wasmer {
            about: About::new("wasmer-llvm", "Wasmer", "LLVM", &["wasmer", "wasmer-compiler-llvm"]),
            engine: guest_limits::limited(wasmer::sys::LLVM::default().into(), limits),
        },
    ]
}

/// What cases say about the engine that this workspace's programs run guests in.
#[must_use]
pub fn default() -> About {
    About::new(
        "wasmer-cranelift",
        "Wasmer",
        "Cranelift",
        &["wasmer", "cranelift-codegen"],
    )
}

/// What cases say about the engine that Ruby in Wasm runs in: Cranelift's code, or where that takes too long to make,
/// Singlepass's.
#[must_use]
pub fn of_ruby(cranelift: bool) -> About {
    match cranelift {
        true => default(),
        false => singlepass(),
    }
}

fn singlepass() -> About {
    About::new(
        "wasmer-singlepass",
        "Wasmer",
        "Singlepass",
        &["wasmer", "wasmer-compiler-singlepass"],
    )
}
