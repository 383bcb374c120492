//! What each Hello World executes, to the digit: see `bench::exact`.

use std::path::Path;

use bench::exact::{self, Counts, ExactFigures, Guest};
use wasm::guests;

/// Calls the module's export once and returns the counts.
fn run(module: &[u8], export: &str) -> Counts {
    let mut guest = Guest::start(module).unwrap();
    guest.call::<(), ()>(export, ()).unwrap();
    let counts = guest.counts().unwrap();
    // The program also writes a line feed.
    let text = "Hello World from WebAssembly!".len() as u64;
    assert!((text..=text + 1).contains(&counts.bytes_out), "{counts:?}");
    counts
}

#[test]
fn the_modules_execute_what_is_recorded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let by_hand = wat::parse_file(directory.join("hello.wat")).unwrap();
    let module = guests::HELLO_MODULE.read().unwrap();
    let program = guests::HELLO.read().unwrap();
    let count = || {
        ExactFigures(
            [
                ("written by hand".to_owned(), run(&by_hand, "helloWorld")),
                (
                    "compiled from Rust, the same module".to_owned(),
                    run(&module, "helloWorld"),
                ),
                ("compiled from Rust, a program".to_owned(), run(&program, "_start")),
            ]
            .into(),
        )
    };
    let figures = count();
    assert_eq!(figures, count(), "two runs are equal to the digit");
    figures.assert_as_in(&directory.join(exact::FILE)).unwrap();
}
