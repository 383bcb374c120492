//! Measures how long it takes to read a package page: with this project's engines, native and in WebAssembly, and with
//! parsers for Ruby. It also measures each step of a guest's start.
//!
//! ```sh
//! cargo bench -p ex2-parser                                   # Rust, native and under Wasmer's default compiler
//! cargo bench -p ex2-parser --features ruby,runtimes          # and Ruby's parsers, Wasmer's Singlepass, wasmtime
//! cargo bench -p ex2-parser --features ruby,runtimes,llvm     # and Wasmer's LLVM
//! ```
//!
//! The page is a real one of 237 KB if there is one beside the repository, or else a generated one of the same size.
//! Every case has to give the same total and the same 30 bars before it is timed. A case whose library is not installed
//! is skipped, and the output names it.
//!
//! Criterion writes the figures. `target/criterion/cases-parser.json` describes the cases (see `bench::cases`).
//!
//! Bias: `stream` was written for these pages, and checks more than the total. The other parsers build a tree of the
//! whole page or run general selectors, as most programs use them. Ruby gets the page as a String in UTF-8, and its
//! garbage collector runs within the measured time. The time of a guest includes copying the page into its memory and
//! reading the answer as JSON. Its compiled code is in the operating system's file cache. The page is in the
//! processor's cache.

mod guest;
mod guests;
mod lol_html;
mod native;
mod on_wasmer;
#[cfg(feature = "runtimes")]
mod on_wasmtime;
mod page;
#[cfg(feature = "ruby")]
mod ruby;
#[cfg(feature = "runtimes")]
mod ruby_in_wasm;
#[cfg(feature = "ruby")]
mod ruby_tasks;

use std::process::ExitCode;
use std::time::Duration;

use bench::cases::Recorder;
#[cfg(feature = "ruby")]
use bench::ruby_vm;
use criterion::Criterion;

use crate::page::Page;

fn main() -> ExitCode {
    #[cfg(feature = "ruby")]
    ruby_vm::serve_if_asked(ruby_tasks::RubyTasks::new);

    // Three minutes in all, with everything that can be built.
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut recorder = Recorder::new("parser");
    let page = Page::load();

    native::bench(&mut criterion, &mut recorder, &page);
    guests::bench(&mut criterion, &mut recorder, &page);
    #[cfg(feature = "ruby")]
    ruby::bench(&mut criterion, &mut recorder, &page);
    #[cfg(not(feature = "ruby"))]
    recorder.skipped(
        "nokogiri/html5",
        "Ruby's parsers",
        "built without the feature `ruby`, which needs Ruby's headers and library (Debian: ruby-dev, libclang-dev): add \
         --features ruby",
    );
    #[cfg(feature = "runtimes")]
    ruby_in_wasm::bench(&mut criterion, &mut recorder, &page);
    #[cfg(not(feature = "runtimes"))]
    recorder.skipped(
        "htree/wasmer-cranelift",
        "HTree in Ruby in Wasm",
        bench::engines::WITHOUT_RUNTIMES,
    );

    criterion.final_summary();
    match recorder.finish() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
