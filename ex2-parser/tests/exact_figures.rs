//! What the guests and the same engines in a native program execute for one page, to the digit: see `bench::exact`.

use std::io::Write;
use std::path::Path;

use bench::exact::{self, Counts, ExactFigures, Guest, native};
use ex2_parser::{Package, stream};
use github::pages;
use wasm::guests::{self, PARSER_DOM, PARSER_STREAM};

/// The number of the package page among the kinds of pages that a guest reads.
const PACKAGE: u32 = 0;

/// Reads the page once, checks the answer, and returns the counts.
fn read(guest: guests::Guest, page: &[u8], expected: &Package) -> Counts {
    let mut guest = Guest::start(&guest.read().unwrap()).unwrap();
    let length = u32::try_from(page.len()).unwrap();
    let pointer: u32 = guest.call("allocate", length).unwrap();
    guest.write(pointer, page).unwrap();
    let status: u32 = guest.call("extract", (PACKAGE, length)).unwrap();
    assert_eq!(status, 0);
    let pointer = guest.call("result", ()).unwrap();
    let length = guest.call("result_length", ()).unwrap();
    let answer: Package = serde_json::from_slice(&guest.read(pointer, length).unwrap()).unwrap();
    assert_eq!(answer, *expected);
    guest.counts().unwrap()
}

/// The instructions of each engine in a native program.
struct Native {
    program: std::path::PathBuf,
    page: tempfile::NamedTempFile,
}

impl Native {
    fn new(page: &[u8]) -> Self {
        let program = native::build("ex2-parser", "counted-page", "differential").unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(page).unwrap();
        Self { program, page: file }
    }

    /// Checks the answer, and returns the count; `None` where this machine can't count.
    fn read(&self, engine: &str, expected: &Package) -> Option<u64> {
        let (printed, instructions) =
            native::instructions(&self.program, &[engine.as_ref(), self.page.path()]).unwrap()?;
        assert_eq!(String::from_utf8(printed).unwrap(), format!("{}\n", expected.total));
        Some(instructions)
    }
}

#[test]
fn the_guests_execute_what_is_recorded() {
    // Always a generated page: a recorded one is not on every machine.
    let page = pages::PackagePage {
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..Default::default()
    };
    let html = page.render();
    let expected = stream::package(html.as_bytes()).unwrap();
    assert_eq!(expected.total, page.total);

    let native = Native::new(html.as_bytes());
    let count = || {
        let guests = [("dom", PARSER_DOM), ("stream", PARSER_STREAM)];
        let counts = guests.map(|(name, guest)| {
            let mut counts = read(guest, html.as_bytes(), &expected);
            counts.native_instructions = native.read(name, &expected);
            (name.to_owned(), counts)
        });
        ExactFigures(counts.into())
    };
    let figures = count();
    assert_eq!(figures, count(), "two runs are equal to the digit");
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join(exact::FILE);
    figures.assert_as_in(&recorded).unwrap();
}
