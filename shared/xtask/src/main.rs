//! The project's own commands: demo, test, setup, guests.
fn main() {}
