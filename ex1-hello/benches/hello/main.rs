//! How long each step of a Hello World takes, and each whole start: for the module written by hand, the same module
//! compiled from Rust, and a Rust program under WASI, in several engines; for Ruby's loaded virtual machine; and for
//! processes that say the line and end.
//!
//! ```sh
//! cargo bench -p ex1-hello                                    # Wasmer's default compiler, and processes
//! cargo bench -p ex1-hello --features ruby,runtimes           # and Ruby, Wasmer's Singlepass, wasmtime
//! cargo bench -p ex1-hello --features ruby,runtimes,llvm      # and Wasmer's LLVM
//! ```
//!
//! Every line is written to the same sink, the system's null device, by one `write`, so that what is left over is the
//! guest and its host; the rows called "buffered" are the exception. `rust/native/work` is that write alone. Whether each
//! says the right line is asserted first, with a file as the sink. What is not installed is left out and named.
//!
//! Besides Criterion's figures, `target/criterion/cases-hello.json` says what they are figures of (see `bench::cases`).
//!
//! Each case has a model: a warm call, a fresh instance, or a process. Only cases of one model are compared.
//!
//! Bias: compiled code is in the system's file cache, and so is each program. The Rust program is given a full WASI,
//! which is made anew for each instance, and the modules two imports. Ruby's `puts` finds its string frozen and ready, in
//! a loop of the cheapest kind; it checks nothing, where both hosts of the modules check bounds and encoding.

mod guest;
mod module;
mod native;
#[cfg(feature = "runtimes")]
mod on_wasmtime;
mod process;
#[cfg(feature = "ruby")]
mod ruby;
#[cfg(feature = "runtimes")]
mod ruby_in_wasm;
mod rust;
mod rust_module;
mod sink;
mod wat;

use std::process::ExitCode;
use std::time::Duration;

use bench::cases::Recorder;
use bench::ruby_vm;
use criterion::Criterion;

fn main() -> ExitCode {
    #[cfg(feature = "ruby")]
    ruby_vm::serve_if_asked(ruby::Speakers::new);

    // Four minutes in all, with everything that can be built.
    let mut criterion = Criterion::default()
        .sample_size(40)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .configure_from_args();
    let mut recorder = Recorder::new("hello");

    native::bench(&mut criterion, &mut recorder);
    wat::bench(&mut criterion, &mut recorder);
    rust_module::bench(&mut criterion, &mut recorder);
    rust::bench(&mut criterion, &mut recorder);
    #[cfg(feature = "ruby")]
    ruby::bench(&mut criterion, &mut recorder);
    #[cfg(not(feature = "ruby"))]
    recorder.skipped(
        "ruby/puts",
        "Ruby's loaded virtual machine",
        "built without the feature `ruby`, which needs Ruby's headers and library (Debian: ruby-dev, libclang-dev): add \
         --features ruby",
    );
    process::bench(&mut criterion, &mut recorder);
    #[cfg(feature = "runtimes")]
    ruby_in_wasm::bench(&mut criterion, &mut recorder);
    #[cfg(not(feature = "runtimes"))]
    recorder.skipped(
        "ruby/wasmer-cranelift",
        "Ruby in Wasm, puts",
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
