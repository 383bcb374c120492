//! The records of the benches: where they are kept, and reading one.

use std::path::{Path, PathBuf};

use bench::matrix::record::{Error, Record};

/// The directory of the records.
pub(crate) fn directory(workspace: &Path) -> PathBuf {
    workspace.join("shared/bench/records")
}

/// The record of a name, or in a file.
pub(crate) fn named(workspace: &Path, name: &Path) -> Result<Record, Error> {
    let kept = directory(workspace).join(format!("{}.json", name.display()));
    match !name.exists() && kept.is_file() {
        true => Record::read(&kept),
        false => Record::read(name),
    }
}
