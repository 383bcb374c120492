//! The records of the benches: their directory, and how one is read.

use std::path::{Path, PathBuf};

use bench::matrix::record::{Error, Record};

/// The directory of the records.
pub(crate) fn directory(workspace: &Path) -> PathBuf {
    workspace.join("shared/bench/records")
}

/// The record of a name, or in a file.
pub(crate) fn named(workspace: &Path, name: &Path) -> Result<Record, Error> {
    let file = directory(workspace).join(format!("{}.json", name.display()));
    match !name.exists() && file.is_file() {
        true => Record::read(&file),
        false => Record::read(name),
    }
}
