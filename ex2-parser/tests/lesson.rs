//! Tests of the lesson's two files: they find the total on a page, and report an error for other pages.

#![allow(dead_code, unreachable_pub, reason = "the examples are programs of their own")]

#[path = "../examples/total_in_wasm.rs"]
mod in_wasm;
#[path = "../examples/total.rs"]
mod natively;

use github::pages::{self, PackagePage};
use wasm::guests;

fn guest() -> Vec<u8> {
    guests::PARSER_STREAM
        .read()
        .expect("the guest can be built; `cargo xtask setup` installs what that takes")
}

#[test]
fn both_find_the_total_between_the_decoys() {
    let guest = guest();
    for total in [0, 14_360, u64::from(u32::MAX) + 1] {
        let page = PackagePage {
            total,
            ..PackagePage::default()
        }
        .render();
        assert_eq!(natively::total(&page).unwrap(), total);
        assert_eq!(in_wasm::total(&guest, page.as_bytes()).unwrap(), total);
    }
}

#[test]
fn both_refuse_what_is_no_package_page() {
    let guest = guest();
    let pages = [pages::login(), pages::rate_limit(pages::RateLimit::Secondary)];
    for page in pages
        .iter()
        .map(String::as_str)
        .chain(["", "<span>Total downloads</span><h3>14.4K</h3>"])
    {
        assert!(natively::total(page).is_err(), "{page}");
        assert!(in_wasm::total(&guest, page.as_bytes()).is_err(), "{page}");
    }
}

#[test]
fn a_module_that_is_no_parser_is_refused() {
    let module = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
    assert!(in_wasm::total(&module, b"").is_err());
    // The answer of this module would begin at the memory's end and have 4 GB.
    let lying = wat::parse_str(
        r#"(module (memory (export "memory") 1)
             (func (export "allocate") (param i32) (result i32) (i32.const 8))
             (func (export "extract") (param i32 i32) (result i32) (i32.const 0))
             (func (export "result") (result i32) (i32.const 65536))
             (func (export "result_length") (result i32) (i32.const -1)))"#,
    )
    .unwrap();
    let error = in_wasm::total(&lying, b"page").unwrap_err().to_string();
    assert_eq!(error, "the answer is not in the guest's memory");
}
