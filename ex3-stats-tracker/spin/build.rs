//! Sets the size of the component's memory at its start: what a request for a page needs. A smaller memory would grow
//! several times in each request, and growing costs the host a system call each time, as does taking the grown part back.

/// 32 pages of 64 KiB.
const INITIAL_MEMORY_BYTES: u32 = 2 << 20;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        println!("cargo:rustc-link-arg-cdylib=--initial-memory={INITIAL_MEMORY_BYTES}");
    }
}
