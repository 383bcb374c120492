//! The records of the benches: their directory, and how one is read.

use std::path::{Path, PathBuf};

use bench::matrix::record::{Error, Record};

/// The directory of the records.
pub(crate) fn directory(workspace: &Path) -> PathBuf {
    workspace.join("shared/bench/records")
}

/// The file of a record that is kept.
pub(crate) fn file_of(workspace: &Path, name: &str) -> PathBuf {
    directory(workspace).join(format!("{name}.json"))
}

/// The record of a name, or in a file.
pub(crate) fn named(workspace: &Path, name: &Path) -> Result<Record, Error> {
    let file = file_of(workspace, &name.display().to_string());
    match !name.exists() && file.is_file() {
        true => Record::read(&file),
        false => Record::read(name),
    }
}
