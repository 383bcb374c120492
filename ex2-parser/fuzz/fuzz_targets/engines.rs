//! Differential fuzzing of the two engines.
fn main() {}
