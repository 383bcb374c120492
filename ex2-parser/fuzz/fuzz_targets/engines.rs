//! Looks for a page that makes the two engines disagree, or one engine depend on where chunks end.
//!
//! ```sh
//! cargo install cargo-fuzz
//! mkdir -p corpus
//! cargo run -q -p github --bin pages -- package > corpus/package.html
//! cargo +nightly fuzz run --fuzz-dir ex2-parser/fuzz engines corpus -- -dict=ex2-parser/fuzz/html.dict -max_len=8192
//! ```
//!
//! cargo-fuzz sets `cfg(fuzzing)`, with which the limits are small: an input of 8 KiB reaches each of them.
//!
//! Without cargo-fuzz and nightly the same check runs on generated pages, parts of them and soup:
//! `cargo test -p ex2-parser --test differential`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &[u8]| ex2_parser::differential::check(page));
