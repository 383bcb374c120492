//! The parser as a WebAssembly module: a page's bytes in, JSON out, for any host and any language.
//!
//! The exports, all numbers being `i32`:
//!
//! | export | what it does |
//! | --- | --- |
//! | `memory` | the module's memory |
//! | `allocate(length) -> pointer` | room for a page of so many bytes; 0 if there is none. Ends the life of the last result |
//! | `extract(kind, length) -> status` | reads the page of so many bytes that the host has written there. `kind`: 0 a package page, 1 a list of packages, 2 a list of versions. `status`: 0 the result is the answer, 1 it is an error, 2 the host called wrongly and there is none |
//! | `result() -> pointer` | where the result begins |
//! | `result_length() -> length` | how many bytes of JSON it has, in UTF-8 |
//!
//! Answers are `{"total":14360,"daily":[{"date":"2026-05-10","count":412}]}`,
//! `{"packages":[{"name":"charts/flagger","repository":"fluxcd/flagger"}],"next_page":2,"heading_count":31,"rows":30}` and
//! `{"versions":[{"id":1,"tags":["latest"],"total":17118}],"next_page":null}`; errors are
//! `{"kind":"markup_changed","what":"label_missing"}`.
//!
//! Built with the `stream` engine it imports nothing at all; a module that exports `_initialize` wants that called once
//! before anything else. A host must not keep a pointer over a call of `allocate` or `extract`: the memory may grow.

#![cfg_attr(all(target_family = "wasm", feature = "stream"), no_std)]

extern crate alloc;

#[cfg(all(target_family = "wasm", feature = "stream"))]
mod heap;

use alloc::{string::String, vec::Vec};
use core::cell::RefCell;

#[cfg(not(feature = "stream"))]
use ex2_parser::dom as engine;
#[cfg(feature = "stream")]
use ex2_parser::stream as engine;
use ex2_parser::{Error, Json, MAX_PAGE_BYTES};

/// What the module holds between two calls.
struct State {
    page: Vec<u8>,
    result: String,
}

/// A module has one thread, which this says.
struct OneThread(RefCell<State>);

// SAFETY: WebAssembly without its threads proposal, for which this is not built, runs one call at a time.
unsafe impl Sync for OneThread {}

static STATE: OneThread = OneThread(RefCell::new(State {
    page: Vec::new(),
    result: String::new(),
}));

/// Makes room for a page.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(length: usize) -> *mut u8 {
    if length > MAX_PAGE_BYTES {
        return core::ptr::null_mut();
    }
    let mut state = STATE.0.borrow_mut();
    state.page = Vec::new();
    state.result = String::new();
    #[cfg(all(target_family = "wasm", feature = "stream"))]
    // SAFETY: the page and the result were the only allocations that outlive a call, and both are gone.
    unsafe {
        heap::reset();
    }
    // One byte at least: the pointer to nothing would be no place in the memory.
    if state.page.try_reserve_exact(length.max(1)).is_err() {
        return core::ptr::null_mut();
    }
    state.page.as_mut_ptr()
}

/// Reads the page that the host has written.
#[unsafe(no_mangle)]
pub extern "C" fn extract(kind: u32, length: usize) -> u32 {
    let mut state = STATE.0.borrow_mut();
    state.result = String::new();
    if length > state.page.capacity() {
        return WRONG_CALL;
    }
    // SAFETY: so many bytes were allocated, and every byte of a module's memory holds a value.
    unsafe { state.page.set_len(length) };
    let page = &state.page;
    let (status, result) = match kind {
        0 => json(engine::package(page)),
        1 => json(engine::package_list(page)),
        2 => json(engine::version_list(page)),
        _ => return WRONG_CALL,
    };
    state.result = result;
    status
}

/// Where the result begins.
#[unsafe(no_mangle)]
pub extern "C" fn result() -> *const u8 {
    STATE.0.borrow().result.as_ptr()
}

/// How long the result is.
#[unsafe(no_mangle)]
pub extern "C" fn result_length() -> usize {
    STATE.0.borrow().result.len()
}

const ANSWER: u32 = 0;
const ERROR: u32 = 1;
const WRONG_CALL: u32 = 2;

fn json<T: Json>(answer: Result<T, Error>) -> (u32, String) {
    match answer {
        Ok(value) => (ANSWER, value.to_json()),
        Err(error) => (ERROR, error.to_json()),
    }
}

/// A panic is a bug; it ends the module's life, and its host hears of it as a trap.
#[cfg(all(target_family = "wasm", feature = "stream"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

// The comparison of memory that compiled code calls, and `core` leaves to the platform.
#[cfg(all(target_family = "wasm", feature = "stream"))]
#[link(name = "c")]
unsafe extern "C" {}
