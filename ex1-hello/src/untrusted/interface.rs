//! What a module has to export, and how much it may take.

use wasm::guest_limits::Limits;
use wasmer::Pages;

/// The function that a module exports.
pub(super) const HELLO_WORLD: &str = "helloWorld";

/// The most that a module's memory and tables may hold. `hello.wat` needs one page of 64 KiB. 256 pages are 16 MiB:
/// enough for experiments, and harmless to the machine.
pub const LIMITS: Limits = Limits {
    memory: Pages(256),
    table: 10_000,
};

/// The most bytes that a module may print in one call. A module that prints in an endless loop then fills neither a
/// disk nor a terminal's history.
pub const OUTPUT_LIMIT: u64 = 1 << 20;
