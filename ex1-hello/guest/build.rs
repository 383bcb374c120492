//! How the module in `lib.rs` is linked.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        // The memory is the host's, by the names that hello.wat has for it.
        println!("cargo::rustc-link-arg-cdylib=--import-memory=js,mem");
        // A stack that leaves room for the text in one page of 64 KiB. Rust's default is 1 MiB, which is 16 pages.
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=1024");
    }
}
