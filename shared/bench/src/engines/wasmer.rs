//! Wasmer with each compiler of this build.

use wasm::guest_limits::{self, Limits};
use wasmer::{Engine, Module};

use crate::engines::About;

/// Wasmer with one of its compilers.
#[derive(Clone, Debug)]
pub struct Wasmer {
    /// The names and versions.
    pub about: About,
    /// The engine, with the guest limits.
    pub engine: Engine,
}

impl Wasmer {
    /// The reason why this engine can't run a guest; `None` if it can. Singlepass has no SIMD, and the guests compiled
    /// from Rust use it. The default engine must run all guests, so that it always returns `None`.
    pub fn refusal(&self, guest: &[u8]) -> Option<String> {
        if self.about.id == default().id {
            return None;
        }
        let error = Module::new(&self.engine, guest).err()?;
        Some(format!("{} can't compile the guest: {error}", self.about.name))
    }
}

/// Wasmer's engines, the default engine first.
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

/// The engine in which this workspace's programs run guests.
#[must_use]
pub fn default() -> About {
    About::new(
        "wasmer-cranelift",
        "Wasmer",
        "Cranelift",
        &["wasmer", "cranelift-codegen"],
    )
}

/// The engine of Ruby in Wasm: Cranelift, or Singlepass where compiling with Cranelift takes too long.
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
