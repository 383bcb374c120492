//! What a module has to export, and how much it may take.

use wasm::guest_limits::Limits;
use wasmer::Pages;

/// The function that a module exports.
pub(super) const HELLO_WORLD: &str = "helloWorld";

/// The largest memory and tables of a module. `hello.wat` needs one page of 64 KiB. 256 pages are 16 MiB: enough for
/// experiments, and harmless to the machine.
pub const LIMITS: Limits = Limits {
    memory: Pages(256),
    table: 10_000,
};

/// The number of bytes that a module may print in one call, so that an endless loop does not fill a disk or a
/// terminal's history.
pub const OUTPUT_LIMIT: u64 = 1 << 20;
