//! Keeping what was made, until something else is asked for.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{Error, create_directory, write};

/// The file beside what was made that says what from.
const MADE_FROM: &str = "made-from";

/// The directory that `make` filled for the same `made_from`, under the name `name`; filled first where there is none.
///
/// Of several processes that ask at once, one makes it and the others wait for it. What is there is always whole: it is
/// made beside and moved there.
pub(crate) fn keep(
    kept: &Path,
    name: &str,
    made_from: &str,
    make: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let place = kept.join(name);
    if is_current(&place, made_from) {
        return Ok(place);
    }
    create_directory(kept)?;
    let _lock = lock(&place.with_extension("lock"))?;
    // Whoever held the lock may have made it.
    if is_current(&place, made_from) {
        return Ok(place);
    }
    // What a maker left that was killed. Nobody else works here: we hold the lock.
    let unfinished = place.with_extension("unfinished");
    remove(&unfinished)?;
    create_directory(&unfinished)?;
    let made = make(&unfinished)
        .and_then(|()| write(&unfinished.join(MADE_FROM), made_from))
        .and_then(|()| remove(&place))
        .and_then(|()| {
            fs::rename(&unfinished, &place).map_err(Error::io(format!("renaming {}", unfinished.display())))
        });
    if made.is_err() {
        // A failure is what is reported, not that its rest could not be removed.
        let _ = remove(&unfinished);
    }
    made.map(|()| place)
}

fn is_current(place: &Path, made_from: &str) -> bool {
    fs::read_to_string(place.join(MADE_FROM)).is_ok_and(|text| text == made_from)
}

/// The system frees the lock when its holder ends, however it ends.
fn lock(path: &Path) -> Result<File, Error> {
    let waiting = || Error::io(format!("waiting for {}", path.display()));
    let file = File::create(path).map_err(waiting())?;
    file.lock().map_err(waiting())?;
    Ok(file)
}

fn remove(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Io {
            what: format!("removing {}", directory.display()),
            error,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn it_is_made_once_and_again_when_it_is_made_from_something_else() {
        let kept = tempfile::tempdir().unwrap();
        let times = AtomicUsize::new(0);
        let keep = |made_from: &str| {
            keep(kept.path(), "tool", made_from, |directory| {
                times.fetch_add(1, Ordering::Relaxed);
                write(&directory.join("program"), made_from)
            })
            .unwrap()
        };
        let places: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| keep("version 1"))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(times.load(Ordering::Relaxed), 1);
        assert!(places.iter().all(|place| place == &places[0]));
        keep("version 2");
        assert_eq!(times.load(Ordering::Relaxed), 2);
        assert_eq!(fs::read_to_string(places[0].join("program")).unwrap(), "version 2");
    }

    #[test]
    fn what_could_not_be_made_leaves_what_was_there() {
        let kept = tempfile::tempdir().unwrap();
        let place = keep(kept.path(), "tool", "version 1", |directory| {
            write(&directory.join("program"), "old")
        })
        .unwrap();
        let error = keep(kept.path(), "tool", "version 2", |_| {
            Err(Error::NoGo { what: "tool".into() })
        });
        assert!(matches!(error, Err(Error::NoGo { .. })));
        assert_eq!(fs::read_to_string(place.join("program")).unwrap(), "old");
        assert!(!place.with_extension("unfinished").exists());
    }
}
