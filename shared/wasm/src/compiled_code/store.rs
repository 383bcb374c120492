//! A directory of compiled code.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use memmap2::Mmap;
use system::cache;
use xxhash_rust::xxh3::xxh3_128;

use crate::compiled_code::Key;

/// The trailer's first bytes: what it is, and the version of this layout.
const MAGIC: [u8; 8] = *b"kept-v1\n";

/// Magic, length (64 bits, little-endian), checksum (XXH3, 128 bits, little-endian).
const TRAILER_LENGTH: usize = MAGIC.len() + 8 + 16;

/// Entries up to this many bytes are read, larger ones mapped: setting a mapping up, faulting its pages in and taking
/// it down again costs more than copying a few pages.
const READ_AT_MOST: u64 = 64 << 10;

/// A directory of compiled code, one file an entry.
///
/// An entry is the code as the engine wrote it, then the trailer. The trailer comes last so that the code starts on a
/// page.
#[derive(Clone, Debug)]
pub struct Store {
    /// `None` if no directory belongs to this user alone. Then nothing is cached.
    directory: Option<PathBuf>,
}

/// Valid compiled code, from a file that only this program's user or root can have written.
#[derive(Debug)]
pub struct Entry {
    code: Bytes,
}

impl Entry {
    /// The code without the trailer: mapped from the file that was checked, unless it is small. There is no path: by
    /// that an engine could find another file.
    pub fn code(&self) -> Bytes {
        self.code.clone()
    }
}

impl Store {
    /// The store of this machine, see [`system::cache::directory`]. Without a directory for it, nothing is cached.
    pub fn default_location() -> Self {
        Self {
            directory: cache::directory("compiled-code").ok(),
        }
    }

    /// A store in the caller's directory. It need not exist yet.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: Some(directory.into()),
        }
    }

    /// Loads the code that is cached under `key`. If there is none, if it is damaged, if another user could have
    /// written it, or if `load` refuses it, compiles the guest and caches the result.
    ///
    /// `compile` returns what it compiled and the engine's serialised form of it. A store that can't be written costs
    /// the next run a compilation, so it is a warning on stderr and not an error.
    pub fn load_or_compile<T, L, C>(
        &self,
        key: &Key,
        load: impl FnOnce(Entry) -> Result<T, L>,
        compile: impl FnOnce() -> Result<(T, Vec<u8>), C>,
    ) -> Result<T, C> {
        // A file that others could have written is replaced. If that is not possible, nothing is cached.
        if let Some(loaded) = self.get(key).ok().flatten().and_then(|entry| load(entry).ok()) {
            return Ok(loaded);
        }
        let (compiled, code) = compile()?;
        // A user without a home directory is not an error. A variable with a wrong directory is one.
        if let Err(error) = self.put(key, &code)
            && (self.directory.is_some() || error.error.kind() != io::ErrorKind::NotFound)
        {
            // A closed stderr is ignored: there is no other place for the warning.
            _ = writeln!(
                io::stderr(),
                "warning: compiled code can't be cached, so the next run compiles again: {error}"
            );
        }
        Ok(compiled)
    }

    /// The entry that is cached under `key`, if there is one and it is valid.
    ///
    /// # Errors
    ///
    /// If another user may have written it, so that it must not be run, or if it can't be read.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>, cache::Error> {
        let Some(path) = self.path(key) else { return Ok(None) };
        match cache::open(&path)? {
            None => Ok(None),
            Some(file) => whole(file).map_err(|error| cache::Error {
                what: format!("reading {}", path.display()),
                error,
            }),
        }
    }

    /// Caches `code` under `key`. Other processes see the old entry or the new one, and never a part of it.
    ///
    /// # Errors
    ///
    /// If the directory can't be written to, or if others could replace its entries.
    pub fn put(&self, key: &Key, code: &[u8]) -> Result<(), cache::Error> {
        let (Some(directory), Some(path)) = (&self.directory, self.path(key)) else {
            return cache::directory("compiled-code").map(drop);
        };
        create_private_directory(directory)?;
        cache::trusted(directory)?;
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            file.write_all(code)?;
            file.write_all(&trailer_of(code))?;
            file.persist(&path)?;
            io::Result::Ok(())
        };
        write().map_err(|error| cache::Error {
            what: format!("writing {}", path.display()),
            error,
        })
    }

    /// The path of the entry for `key`, whether it exists or not; `None` if nothing is cached.
    pub fn path(&self, key: &Key) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(key.to_string()))
    }
}

/// The code in a file, if its trailer is valid.
fn whole(mut file: File) -> io::Result<Option<Entry>> {
    let entry = if file.metadata()?.len() <= READ_AT_MOST {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Bytes::from(bytes)
    } else {
        // SAFETY: entries are replaced only by renaming a complete file over them and never written in place, so the
        // mapped bytes do not change. The file belongs to this program's user or to root, and no other user may write
        // to it.
        Bytes::from_owner(unsafe { Mmap::map(&file) }?)
    };
    let Some(code_length) = entry.len().checked_sub(TRAILER_LENGTH) else {
        return Ok(None);
    };
    let (code, trailer) = entry.split_at(code_length);
    if trailer != trailer_of(code) {
        return Ok(None);
    }
    let code = entry.slice(..code_length);
    Ok(Some(Entry { code }))
}

fn trailer_of(code: &[u8]) -> [u8; TRAILER_LENGTH] {
    let mut trailer = [0; TRAILER_LENGTH];
    trailer[..8].copy_from_slice(&MAGIC);
    trailer[8..16].copy_from_slice(&(code.len() as u64).to_le_bytes());
    trailer[16..].copy_from_slice(&xxh3_128(code).to_le_bytes());
    trailer
}

fn create_private_directory(directory: &Path) -> Result<(), cache::Error> {
    let failed = |error| cache::Error {
        what: format!("creating {}", directory.display()),
        error,
    };
    if let Some(parent) = directory.parent() {
        cache::create(parent).map_err(|parent| failed(parent.error))?;
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::{fs, thread};

    use super::*;

    fn key() -> Key {
        Key::new(b"guest", "engine", "1.0.0", "compiler")
    }

    fn path(store: &Store) -> PathBuf {
        store.path(&key()).unwrap()
    }

    /// Loads or compiles the code of `key`, and returns it with the number of compilations.
    fn load(store: &Store, key: &Key, accepted: bool) -> (Vec<u8>, u32) {
        let compilations = Cell::new(0);
        let code = store
            .load_or_compile(
                key,
                |entry| {
                    if accepted {
                        Ok(entry.code().to_vec())
                    } else {
                        Err("refused")
                    }
                },
                || {
                    compilations.set(compilations.get() + 1);
                    Ok::<_, Infallible>((b"code".to_vec(), b"code".to_vec()))
                },
            )
            .unwrap();
        (code, compilations.get())
    }

    #[test]
    fn compiles_once_then_loads() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path().join("new/below"));
        assert_eq!(load(&store, &key(), true), (b"code".to_vec(), 1));
        assert_eq!(load(&store, &key(), true), (b"code".to_vec(), 0));
    }

    #[test]
    fn an_entry_for_another_engine_version_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path());
        assert_eq!(load(&store, &key(), true).1, 1);
        assert_eq!(
            load(&store, &Key::new(b"guest", "engine", "1.0.1", "compiler"), true).1,
            1
        );
    }

    #[test]
    fn a_damaged_entry_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path());
        load(&store, &key(), true);
        let whole = fs::read(path(&store)).unwrap();
        let mut damaged = vec![Vec::new(), b"foreign".to_vec(), [&whole[..], b"longer"].concat()];
        damaged.extend((0..whole.len()).map(|length| whole[..length].to_vec()));
        damaged.extend((0..whole.len()).map(|index| {
            let mut flipped = whole.clone();
            flipped[index] ^= 1;
            flipped
        }));
        for bytes in damaged {
            fs::write(path(&store), &bytes).unwrap();
            assert_eq!(load(&store, &key(), true), (b"code".to_vec(), 1), "{bytes:?}");
            assert_eq!(fs::read(path(&store)).unwrap(), whole);
        }
    }

    #[test]
    fn an_entry_that_the_engine_refuses_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path());
        store.put(&key(), b"of an older layout").unwrap();
        assert_eq!(load(&store, &key(), false), (b"code".to_vec(), 1));
        assert_eq!(load(&store, &key(), true), (b"code".to_vec(), 0));
    }

    #[test]
    fn a_store_that_cannot_be_written_still_answers() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "in the way").unwrap();
        assert_eq!(
            load(&Store::at(file.join("store")), &key(), true),
            (b"code".to_vec(), 1)
        );
    }

    #[test]
    fn many_at_once_see_whole_entries_only() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path());
        let large = |byte: u8| vec![byte; 300_000];
        thread::scope(|scope| {
            for byte in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    for _ in 0..50 {
                        store.put(&key(), &large(byte)).unwrap();
                        let code = store.get(&key()).unwrap().expect("an entry is there and whole").code();
                        assert_eq!(code, large(code[0]));
                    }
                });
            }
        });
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "no temporary file is left behind"
        );
    }

    #[test]
    fn without_a_directory_nothing_is_cached() {
        let store = Store { directory: None };
        assert_eq!(load(&store, &key(), true), (b"code".to_vec(), 1));
        assert_eq!(load(&store, &key(), true), (b"code".to_vec(), 1));
    }

    /// Valid entries under the right name that another user could have written.
    #[cfg(unix)]
    #[test]
    fn code_that_others_could_have_written_is_never_loaded() {
        use std::os::unix::fs::{PermissionsExt, chown, symlink};

        const NOBODY: u32 = 65534;
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let planted = || {
            let above = tempfile::tempdir().unwrap();
            let store = Store::at(above.path().join("store"));
            store.put(&key(), b"foreign").unwrap();
            assert_eq!(load(&store, &key(), true), (b"foreign".to_vec(), 0));
            (above, store)
        };
        let never_loaded = |store: &Store, cached_again: bool| {
            assert!(store.get(&key()).is_err());
            assert_eq!(load(store, &key(), true), (b"code".to_vec(), 1));
            assert_eq!(load(store, &key(), true).1, u32::from(!cached_again));
        };

        // In a directory of this user a file that others may write to is replaced.
        let (_above, store) = planted();
        mode(&path(&store), 0o666);
        never_loaded(&store, true);
        let (above, store) = planted();
        fs::rename(path(&store), above.path().join("elsewhere")).unwrap();
        symlink(above.path().join("elsewhere"), path(&store)).unwrap();
        never_loaded(&store, true);

        // In a directory that others may write to, nothing is loaded or cached.
        let (above, store) = planted();
        mode(&above.path().join("store"), 0o777);
        never_loaded(&store, false);

        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) != 0) {
            println!("partly skipped: only root can give a file to another user");
            return;
        }
        let (_above, store) = planted();
        chown(path(&store), Some(NOBODY), None).unwrap();
        never_loaded(&store, true);
        for directory in ["store", "."] {
            let (above, store) = planted();
            chown(above.path().join(directory), Some(NOBODY), None).unwrap();
            never_loaded(&store, false);
        }
    }
}
