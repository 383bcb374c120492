//! Compiled WebAssembly, kept on disk and checked before it is trusted.
