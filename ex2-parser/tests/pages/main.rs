//! Every engine's answer to every kind of page: generated pages of each variation, and real pages if there are any.

mod any_page;
mod lists;
mod package;
#[path = "../real/mod.rs"]
mod real;
mod real_pages;

use std::{cell::RefCell, fmt::Debug};

use ex2_parser::{
    Change, Error, Package, PackageList, VersionList, dom, stream,
    wasm::{self, Parser},
};

thread_local! {
    /// Both guests. Each thread has its own instances: they keep no state of a page, and are not `Send`.
    static GUESTS: RefCell<Vec<Parser>> = const { RefCell::new(Vec::new()) };
}

/// A native engine.
type Native<T> = fn(&[u8]) -> Result<T, Error>;

fn all_engines<T: PartialEq + Debug>(
    page: &[u8],
    native: [Native<T>; 2],
    guest: fn(&mut Parser, &[u8]) -> Result<T, wasm::Error>,
) -> Result<T, Error> {
    let [dom, stream] = native.map(|read| read(page));
    assert_eq!(dom, stream, "dom and stream");
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
        assert_eq!(answer, stream, "wasm and stream");
    }
    GUESTS.set(guests);
    stream
}

/// Asserts that all four parsers agree on a package page: two engines, native and in WebAssembly.
fn package(page: impl AsRef<[u8]>) -> Result<Package, Error> {
    all_engines(page.as_ref(), [dom::package, stream::package], Parser::package)
}

fn package_list(page: impl AsRef<[u8]>) -> Result<PackageList, Error> {
    all_engines(
        page.as_ref(),
        [dom::package_list, stream::package_list],
        Parser::package_list,
    )
}

fn version_list(page: impl AsRef<[u8]>) -> Result<VersionList, Error> {
    all_engines(
        page.as_ref(),
        [dom::version_list, stream::version_list],
        Parser::version_list,
    )
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
