//! Creates or replaces a directory atomically.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::Path;

/// The reason for which a directory could not be created.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {error}")]
pub struct Error {
    /// The operation that failed.
    pub what: String,
    /// The cause.
    pub error: io::Error,
}

impl Error {
    pub(crate) fn new(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("{what} {}", path.display());
        move |error| Self { what, error }
    }
}

/// Creates a directory and its parents. Only their owner can write to them, independently of the umask.
///
/// # Errors
///
/// If it can't be created.
pub fn create(directory: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(directory).map_err(Error::new("creating", directory))
}

/// Waits for an exclusive lock on `file`, which is created with its parent directories. The lock is held until the returned
/// value is dropped. The system also releases it if the process is killed.
///
/// # Errors
///
/// If the file can't be created.
pub fn lock(file: &Path) -> Result<File, Error> {
    let directory = file.parent().unwrap_or(Path::new("."));
    create(directory)?;
    let opened = File::create(file).map_err(Error::new("creating", file))?;
    opened.lock().map_err(Error::new("waiting for", file))?;
    Ok(opened)
}

/// Calls `make` with a temporary directory beside `place`, and then renames that to `place`. So `place` is always complete:
/// if `make` fails, the old directory is still there. The caller has to hold a lock.
///
/// # Errors
///
/// The error of `make`, or [`Error`].
pub fn replace<E: From<Error>>(place: &Path, make: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let unfinished = place.with_extension("unfinished");
    let old = place.with_extension("old");
    // A temporary directory of a killed process.
    for directory in [&unfinished, &old] {
        remove(directory)?;
    }
    create(&unfinished)?;
    let result = make(&unfinished).and_then(|()| {
        if place.exists() {
            fs::rename(place, &old).map_err(Error::new("renaming", place))?;
        }
        fs::rename(&unfinished, place).map_err(Error::new("renaming", &unfinished))?;
        Ok(())
    });
    // The error of `make` is reported, and not an error of the clean-up.
    let _ = remove(&unfinished);
    let _ = remove(&old);
    result
}

fn remove(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::new("removing", directory)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(place: &Path, text: &str) {
        replace(place, |directory| {
            fs::write(directory.join("file"), text).map_err(Error::new("writing", directory))
        })
        .unwrap();
    }

    #[test]
    fn the_new_takes_the_place_of_the_old_and_leaves_nothing_beside() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("place");
        fs::create_dir(place.with_extension("unfinished")).unwrap();
        fs::write(place.with_extension("unfinished").join("file of another"), "").unwrap();
        for text in ["first", "second"] {
            fill(&place, text);
            assert_eq!(fs::read_to_string(place.join("file")).unwrap(), text);
            assert!(!place.join("file of another").exists());
        }
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_could_not_be_made_leaves_what_was_there() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("place");
        fill(&place, "old");
        let failed = replace(&place, |directory| {
            fs::write(directory.join("file"), "half").unwrap();
            Err(Error::new("making", directory)(io::ErrorKind::Other.into()))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(place.join("file")).unwrap(), "old");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn one_holds_the_lock_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("not there yet/lock");
        let held = lock(&file).unwrap();
        assert!(File::open(&file).unwrap().try_lock().is_err());
        drop(held);
        File::open(&file).unwrap().try_lock().unwrap();
    }
}
