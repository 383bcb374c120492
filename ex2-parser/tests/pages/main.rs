//! Every engine's answer to every kind of page: generated pages of each variation, and real pages if there are any.
//!
//! With the feature `wasm`, both engines run in WebAssembly too. Mutation tests leave it out: they build this target for
//! each mutant.

mod any_page;
mod lists;
mod package;
#[path = "../real/mod.rs"]
mod real;
mod real_pages;

#[cfg(feature = "wasm")]
use std::cell::RefCell;
use std::fmt::Debug;

#[cfg(feature = "wasm")]
use ex2_parser::wasm::{self, Parser};
use ex2_parser::{Change, Error, Package, PackageList, VersionList, dom, stream};

#[cfg(feature = "wasm")]
thread_local! {
    /// Both guests. Each thread has its own instances: they keep no state of a page, and are not `Send`.
    static GUESTS: RefCell<Vec<Parser>> = const { RefCell::new(Vec::new()) };
}

/// A native engine.
type Native<T> = fn(&[u8]) -> Result<T, Error>;

/// Asserts that the native engines agree on a page.
fn native<T: PartialEq + Debug>(page: &[u8], read: [Native<T>; 2]) -> Result<T, Error> {
    let [dom, stream] = read.map(|read| read(page));
    assert_eq!(dom, stream, "dom and stream");
    stream
}

/// Asserts that both engines in WebAssembly give that answer.
#[cfg(feature = "wasm")]
fn assert_in_wasm<T: PartialEq + Debug>(
    page: &[u8],
    native: &Result<T, Error>,
    guest: fn(&mut Parser, &[u8]) -> Result<T, wasm::Error>,
) {
    let mut guests = GUESTS.take();
    if guests.is_empty() {
        let engine = wasm::engine();
        for kind in [wasm::Engine::Stream, wasm::Engine::Dom] {
            guests.push(Parser::instantiate(&engine, &wasm::load(&engine, kind).unwrap()).unwrap());
        }
    }
    for parser in guests.iter_mut() {
        let answer = guest(parser, page).map_err(|error| match error {
            wasm::Error::Page(error) => error,
            error => panic!("{error}"),
        });
        assert_eq!(&answer, native, "wasm and native");
    }
    GUESTS.set(guests);
}

/// Asserts that all four parsers agree on a package page: two engines, native and in WebAssembly.
fn package(page: impl AsRef<[u8]>) -> Result<Package, Error> {
    let read = native(page.as_ref(), [dom::package, stream::package]);
    #[cfg(feature = "wasm")]
    assert_in_wasm(page.as_ref(), &read, Parser::package);
    read
}

fn package_list(page: impl AsRef<[u8]>) -> Result<PackageList, Error> {
    let read = native(page.as_ref(), [dom::package_list, stream::package_list]);
    #[cfg(feature = "wasm")]
    assert_in_wasm(page.as_ref(), &read, Parser::package_list);
    read
}

fn version_list(page: impl AsRef<[u8]>) -> Result<VersionList, Error> {
    let read = native(page.as_ref(), [dom::version_list, stream::version_list]);
    #[cfg(feature = "wasm")]
    assert_in_wasm(page.as_ref(), &read, Parser::version_list);
    read
}

fn changed<T>(what: Change) -> Result<T, Error> {
    Err(Error::MarkupChanged { what })
}

const TOTAL: &str = "<span>Total downloads</span><h3 title=\"7\">7</h3>";

fn empty_list() -> PackageList {
    PackageList {
        packages: Vec::new(),
        next_page: None,
        heading_count: Some(0),
        rows: 0,
    }
}
