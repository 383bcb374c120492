//! Keeping what was made, until something else is asked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use system::cache;

use crate::{error::Error, files::write};

/// The file beside what was made that says what from.
const MADE_FROM: &str = "made-from";

/// The directory that `make` filled for the same `made_from`, under the name `name`; filled first where there is none.
///
/// Of several processes that ask at once, one makes it and the others wait for it. What is there is always whole.
pub(crate) fn keep(
    cache: &Path,
    name: &str,
    made_from: &str,
    make: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let place = cache.join(name);
    // Programs are run from there: what another user may have put there must not be.
    if place.exists() {
        cache::trusted(&place)?;
    }
    if is_current(&place, made_from) {
        return Ok(place);
    }
    let _lock = cache::lock(&place.with_extension("lock"))?;
    // Whoever held the lock may have made it.
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
    fn it_is_made_once_and_again_when_it_is_made_from_something_else() {
        let cache = tempfile::tempdir().unwrap();
        let times = AtomicUsize::new(0);
        let keep = |made_from: &str| {
            keep(cache.path(), "tool", made_from, |directory| {
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
}
