//! A cache of built directories, each with the inputs that it was built from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use system::cache;

use crate::{error::Error, files::write};

/// The file in a directory with the inputs.
const MADE_FROM: &str = "made-from";

/// The directory `name` in the cache, built from the inputs `made_from`. If it is missing, or was built from other
/// inputs, `make` fills a new one first.
///
/// Of several processes at once, one builds and the others wait. The directory is always complete.
///
/// # Errors
///
/// The error of `make`, or if another user may write to the directory, or it can't be made.
pub fn directory(
    cache: &Path,
    name: &str,
    made_from: &str,
    make: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let place = cache.join(name);
    // The programs in it are run, so that no other user may be able to write to it.
    if place.exists() {
        cache::trusted(&place)?;
    }
    if is_current(&place, made_from) {
        return Ok(place);
    }
    let _lock = cache::lock(&place.with_extension("lock"))?;
    // The process that held the lock before may have built it.
    if !is_current(&place, made_from) {
        cache::replace(&place, |directory| {
            make(directory)?;
            write(&directory.join(MADE_FROM), made_from)
        })?;
    }
    Ok(place)
}

fn is_current(place: &Path, made_from: &str) -> bool {
    fs::read_to_string(place.join(MADE_FROM)).is_ok_and(|text| text == made_from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn it_is_built_once_and_again_for_other_inputs() {
        let cache = tempfile::tempdir().unwrap();
        let times = AtomicUsize::new(0);
        let build = |made_from: &str| {
            directory(cache.path(), "tool", made_from, |directory| {
                times.fetch_add(1, Ordering::Relaxed);
                write(&directory.join("program"), made_from)
            })
            .unwrap()
        };
        let places: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| build("version 1"))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(times.load(Ordering::Relaxed), 1);
        assert!(places.iter().all(|place| place == &places[0]));
        build("version 2");
        assert_eq!(times.load(Ordering::Relaxed), 2);
        assert_eq!(fs::read_to_string(places[0].join("program")).unwrap(), "version 2");
    }
}
