//! The key of a cache entry.

use std::env::consts::{ARCH, OS};
use std::fmt;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3Default;

/// The name of compiled code, from everything that the code depends on: guest, engine, version, compiler and processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    engine: String,
    digest: u128,
}

impl Key {
    /// A key for `guest`, the module's bytes, compiled by one engine in one version.
    ///
    /// `compiler` names the compiler and every setting that changes its output.
    pub fn new(guest: &[u8], engine: &str, engine_version: &str, compiler: &str) -> Self {
        Self::for_processor(ARCH, &processor_features(), guest, engine, engine_version, compiler)
    }

    /// A key for code for every processor of an architecture, in a container image for example. The architecture is named
    /// as in [`ARCH`]. The engine must check that the processor can run the code.
    pub fn portable(architecture: &str, guest: &[u8], engine: &str, engine_version: &str, compiler: &str) -> Self {
        Self::for_processor(architecture, b"any", guest, engine, engine_version, compiler)
    }

    fn for_processor(
        architecture: &str,
        features: &[u8],
        guest: &[u8],
        engine: &str,
        engine_version: &str,
        compiler: &str,
    ) -> Self {
        let mut hash = Xxh3Default::new();
        for part in [
            engine.as_bytes(),
            engine_version.as_bytes(),
            compiler.as_bytes(),
            architecture.as_bytes(),
            OS.as_bytes(),
            features,
            guest,
        ] {
            // With the length, ("ab", "c") and ("a", "bc") have different digests.
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self {
            engine: engine.to_owned(),
            digest: hash.digest128(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{:032x}", self.engine, self.digest)
    }
}

/// Names settings that change a compiler's output, for [`Key::new`]. The name is the same in each process, unlike a hash of
/// the standard library's.
pub fn settings(settings: impl Hash) -> String {
    let mut hasher = Hasher64(Xxh3Default::new());
    settings.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

struct Hasher64(Xxh3Default);

impl Hasher for Hasher64 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}

/// One byte for each processor feature that a compiler may use. So machines that share a cache directory do not load
/// code with instructions that they lack.
fn processor_features() -> Vec<u8> {
    macro_rules! detected {
        ($detect:ident: $($feature:tt)*) => { vec![$(u8::from(std::arch::$detect!($feature))),*] };
    }
    #[cfg(target_arch = "x86_64")]
    return detected!(is_x86_feature_detected:
        "sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "avx" "avx2" "fma" "bmi1" "bmi2" "lzcnt"
        "avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512bitalg" "avx512vbmi");
    #[cfg(target_arch = "aarch64")]
    return detected!(is_aarch64_feature_detected: "lse" "paca" "fp16" "dotprod");
    #[allow(unreachable_code, reason = "on other processors the engines use no optional feature")]
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_settings_have_another_name() {
        assert_eq!(settings(("speed", 2)), settings(("speed", 2)));
        assert_ne!(settings(("speed", 2)), settings(("speed", 3)));
        assert_eq!(settings(()).len(), 16);
    }

    #[test]
    fn every_part_changes_the_name() {
        let key = |guest: &[u8], engine, version, compiler| Key::new(guest, engine, version, compiler).to_string();
        let base = key(b"guest", "engine", "1.0.0", "cranelift");
        assert_eq!(base, key(b"guest", "engine", "1.0.0", "cranelift"));
        assert_ne!(base, key(b"guesT", "engine", "1.0.0", "cranelift"));
        assert_ne!(base, key(b"guest", "engines", "1.0.0", "cranelift"));
        assert_ne!(base, key(b"guest", "engine", "1.0.1", "cranelift"));
        assert_ne!(base, key(b"guest", "engine", "1.0.0", "singlepass"));
        assert_ne!(key(b"", "a", "bc", ""), key(b"", "a", "b", "c"));
        let portable = |architecture| Key::portable(architecture, b"guest", "engine", "1.0.0", "cranelift").to_string();
        assert_ne!(base, portable(ARCH));
        assert_ne!(portable("x86_64"), portable("aarch64"));
    }
}
