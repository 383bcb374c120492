//! A JSON file that is there whole or not at all.

use std::fs::File;
#[cfg(unix)]
use std::fs::Permissions;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Serialize;
use tempfile::NamedTempFile;

/// A value as JSON in a temporary file of a directory. The caller gives the file its name.
pub(crate) fn beside(directory: &Path, value: &impl Serialize) -> io::Result<NamedTempFile> {
    let text = serde_json::to_string_pretty(value)?;
    let mut file = tempfile::Builder::new().prefix(".record-").tempfile_in(directory)?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    make_readable(file.as_file())?;
    Ok(file)
}

/// Only the owner can read a temporary file, but a record is for all users.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}
