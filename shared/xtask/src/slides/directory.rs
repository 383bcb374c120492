//! A directory that is written whole or not at all.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::error::Error;

/// Lets `write` fill a new directory, and puts it in the place of `directory` once that is done.
///
/// What is there already is replaced if it is an earlier one: it has `mark`, and nothing that the new one has not. A
/// directory with anything else in it is left alone.
pub(super) fn replace<T>(
    directory: &Path,
    mark: &str,
    write: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let unwritable = |cause: io::Error| Error::Unwritable {
        path: directory.to_path_buf(),
        cause,
    };
    // `.` has no parent as a text, and a link stays a link.
    let directory = absolute(directory).map_err(unwritable)?;
    let parent = directory.parent().unwrap_or(&directory);
    fs::create_dir_all(parent).map_err(unwritable)?;
    let occupied = |entry: &OsString| Error::Occupied {
        directory: directory.clone(),
        entry: entry.display().to_string(),
    };
    // Most mistakes are found before minutes are spent.
    let present = entries(&directory).map_err(unwritable)?;
    if let Some(foreign) = present.first().filter(|_| !present.contains(OsStr::new(mark))) {
        return Err(occupied(foreign).into());
    }
    // Beside it, because a directory can't be renamed into another file system.
    let beside = tempfile::Builder::new()
        .prefix(".slides-")
        .tempdir_in(parent)
        .map_err(unwritable)?;
    let new = beside.path().join("new");
    fs::create_dir(&new).map_err(unwritable)?;
    let written = write(&new)?;
    let written_names = entries(&new).map_err(unwritable)?;
    if let Some(foreign) = entries(&directory)
        .map_err(unwritable)?
        .difference(&written_names)
        .next()
    {
        return Err(occupied(foreign).into());
    }
    let old = beside.path().join("old");
    match fs::rename(&directory, &old) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(error).into()),
        _ => {}
    }
    if let Err(error) = fs::rename(&new, &directory) {
        _ = fs::rename(&old, &directory);
        return Err(unwritable(error).into());
    }
    Ok(written)
}

fn absolute(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => std::path::absolute(path),
        found => found,
    }
}

/// The names in a directory; none where there is no directory.
fn entries(directory: &Path) -> io::Result<BTreeSet<OsString>> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let names = entries(directory).unwrap();
        names.iter().map(|name| name.display().to_string()).collect()
    }

    fn write(directory: &Path, text: &str) -> anyhow::Result<()> {
        replace(directory, "talk.html", |new| {
            fs::write(new.join("index.html"), text)?;
            fs::write(new.join("talk.html"), text)?;
            Ok(())
        })
    }

    #[test]
    fn an_earlier_one_is_replaced_and_nothing_is_left_beside_it() {
        let parent = tempfile::tempdir().unwrap();
        let talk = parent.path().join("a/talk");
        write(&talk, "first").unwrap();
        fs::remove_file(talk.join("index.html")).unwrap();
        write(&talk, "second").unwrap();
        assert_eq!(names(&talk), ["index.html", "talk.html"]);
        assert_eq!(fs::read_to_string(talk.join("talk.html")).unwrap(), "second");
        assert_eq!(names(&parent.path().join("a")), ["talk"]);
    }

    #[test]
    fn a_directory_with_anything_else_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let talk = parent.path().join("talk");
        write(&talk, "first").unwrap();
        fs::write(talk.join("thesis.txt"), "years of work").unwrap();
        let error = write(&talk, "second").unwrap_err().to_string();
        assert!(error.contains("thesis.txt") && error.contains("name a new"), "{error}");
        fs::remove_file(talk.join("index.html")).unwrap();
        let other = replace(&talk, "index.html", |_| -> anyhow::Result<()> {
            unreachable!("it is no index")
        });
        assert!(other.is_err());
        assert_eq!(names(&talk), ["talk.html", "thesis.txt"]);
        assert_eq!(fs::read_to_string(talk.join("talk.html")).unwrap(), "first");
        assert_eq!(names(parent.path()), ["talk"]);
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let parent = tempfile::tempdir().unwrap();
        let talk = parent.path().join("talk");
        write(&talk, "first").unwrap();
        let failed: anyhow::Result<()> = replace(&talk, "talk.html", |new| {
            fs::write(new.join("index.html"), "half")?;
            anyhow::bail!("no disk left")
        });
        assert_eq!(failed.unwrap_err().to_string(), "no disk left");
        assert_eq!(fs::read_to_string(talk.join("index.html")).unwrap(), "first");
        assert_eq!(names(parent.path()), ["talk"]);
        let file = talk.join("talk.html");
        assert!(write(&file, "second").unwrap_err().to_string().contains("talk.html"));
        assert_eq!(fs::read_to_string(file).unwrap(), "first");
    }
}
