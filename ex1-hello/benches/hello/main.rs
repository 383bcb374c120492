//! Measures each step of a Hello World, and whole starts: of the module written by hand, of the same module compiled
//! from Rust, and of a Rust program under WASI, in several engines; of Ruby's loaded virtual machine; and of processes
//! that print the line and end.
//!
//! ```sh
//! cargo bench -p ex1-hello                                    # Wasmer's default compiler, and processes
//! cargo bench -p ex1-hello --features ruby,runtimes           # and Ruby, Wasmer's Singlepass, wasmtime
//! cargo bench -p ex1-hello --features ruby,runtimes,llvm      # and Wasmer's LLVM
//! ```
//!
//! Every line is written to the same sink, the system's null device, by one `write`, so that the figures differ only by
//! guest and host; cases with "buffered" in their names are the exception. `rust/native/work` is this write alone. Each
//! line is asserted before it is timed, with a file as the sink. Cases that need missing software are skipped with the
//! reason.
//!
//! Besides Criterion's figures, the bench writes its cases to `target/criterion/cases-hello.json` (see `bench::cases`).
//!
//! Each case has a model: a warm call, a fresh instance, or a process. Only cases of one model are compared.
//!
//! Bias: compiled code and programs are in the system's file cache. The Rust program has a full WASI, set up for each
//! instance, but the modules have two imports. Ruby's `puts` has a frozen string and the cheapest loop, and it checks
//! nothing, but the hosts of the modules check bounds and encoding.

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

    // Four minutes in total, with all features.
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
