//! The sink of the lines.

use std::fs::{self, File};

/// The line that all cases print.
pub(crate) const LINE: &str = "Hello World from WebAssembly!\n";

/// The sink of all measured cases.
pub(crate) const NULL_DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Opens the sink.
pub(crate) fn null_device() -> File {
    File::options()
        .write(true)
        .open(NULL_DEVICE)
        .expect("every system has a null device")
}

/// Calls `say` with a file as the sink, and asserts that the file has the line once.
pub(crate) fn assert_says_the_line(say: impl FnOnce(File)) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("line");
    say(File::create(&path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), LINE);
}
