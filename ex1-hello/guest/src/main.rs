//! Hello World as a WASI program in Rust.
fn main() {}
