//! What a guest is.

/// A crate of this workspace that is compiled to WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guest {
    /// The cargo package.
    pub package: &'static str,
    /// The target of the package that is the guest.
    pub target: Target,
    /// The cargo features. The package's default features are off.
    pub features: &'static [&'static str],
}

/// The kind of a guest's cargo target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A binary target: a WASI command with `_start`.
    Program,
    /// A `cdylib`: a WASI reactor, or the core module of a component.
    Library,
}

impl Guest {
    /// The module's file name in the cache.
    pub(crate) fn file_name(&self) -> String {
        let kind = match self.target {
            Target::Program => "program",
            Target::Library => "library",
        };
        let words: Vec<&str> = [self.package]
            .iter()
            .chain(self.features)
            .chain([&kind])
            .copied()
            .collect();
        format!("{}.wasm", words.join("."))
    }
}
