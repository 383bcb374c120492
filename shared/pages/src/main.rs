//! Prints a test page: `cargo run -p pages -- package --total 4890000000 --discussions`
fn main() {}
