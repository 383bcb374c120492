//! The parser as a WebAssembly module, for hosts in any language: the bytes of a page in, JSON out.
//!
//! The exports, all numbers being `i32`:
//!
//! | export | what it does |
//! | --- | --- |
//! | `memory` | the module's memory |
//! | `allocate(length) -> pointer` | allocates `length` bytes for a page and frees the last result; 0 if there is not enough memory |
//! | `extract(kind, length) -> status` | reads the page that the host has written there. `kind`: 0 a package page, 1 a list of packages, 2 a list of versions. `status`: 0 the result is the answer, 1 the result is an error, 2 the arguments were invalid and there is no result |
//! | `result() -> pointer` | the address of the result |
//! | `result_length() -> length` | the length of the result in bytes. It is JSON in UTF-8 |
//!
//! Answers are `{"total":14360,"daily":[{"date":"2026-05-10","count":412}]}`,
//! `{"packages":[{"name":"charts/flagger","repository":"fluxcd/flagger"}],"next_page":2,"heading_count":31,"rows":30}` and
//! `{"versions":[{"id":1,"tags":["latest"],"total":17118}],"next_page":null}`; errors are
//! `{"kind":"markup_changed","what":"label_missing"}`.
//!
//! With the `stream` engine, the module has no imports. If it exports `_initialize`, the host has to call that once
//! before anything else. A pointer is valid until the next call of `allocate` or `extract`. A host's view of the memory
//! is too: the memory may grow.

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

/// The module's state between two calls.
struct State {
    page: Vec<u8>,
    result: String,
}

/// Makes the state usable as a `static`: a module has one thread.
struct OneThread(RefCell<State>);

// SAFETY: this is not built for WebAssembly's threads proposal, so only one call runs at a time.
unsafe impl Sync for OneThread {}

static STATE: OneThread = OneThread(RefCell::new(State {
    page: Vec::new(),
    result: String::new(),
}));

/// Allocates memory for a page.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(length: usize) -> *mut u8 {
    if length > MAX_PAGE_BYTES {
        return core::ptr::null_mut();
    }
    let mut state = STATE.0.borrow_mut();
    state.page = Vec::new();
    state.result = String::new();
    #[cfg(all(target_family = "wasm", feature = "stream"))]
    // SAFETY: only the page and the result outlive a call, and both were dropped.
    unsafe {
        heap::reset();
    }
    // At least one byte: the pointer of an empty vector is dangling, and may be outside of the memory.
    if state.page.try_reserve_exact(length.max(1)).is_err() {
        return core::ptr::null_mut();
    }
    state.page.as_mut_ptr()
}

/// Reads the page that the host has written into the allocated memory.
#[unsafe(no_mangle)]
pub extern "C" fn extract(kind: u32, length: usize) -> u32 {
    let mut state = STATE.0.borrow_mut();
    state.result = String::new();
    if length > state.page.capacity() {
        return WRONG_CALL;
    }
    // SAFETY: `length` is within the capacity, and every byte of a module's memory is initialised.
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

/// Returns the address of the result.
#[unsafe(no_mangle)]
pub extern "C" fn result() -> *const u8 {
    STATE.0.borrow().result.as_ptr()
}

/// Returns the length of the result in bytes.
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

/// A panic is a bug. It becomes a trap, which ends the host's call with an error.
#[cfg(all(target_family = "wasm", feature = "stream"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

// `core` expects these symbols from the platform, which is usually libc.
#[cfg(all(target_family = "wasm", feature = "stream"))]
#[link(name = "c")]
unsafe extern "C" {}
