//! The download counts on a package page of ghcr.io, from bytes, in Rust.
fn main() {}
