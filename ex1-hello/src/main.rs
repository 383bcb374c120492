//! Hello World, written by hand in Wat, run under Wasmer and in a browser.
fn main() {}
