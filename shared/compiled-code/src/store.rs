//! A directory of compiled code.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use memmap2::Mmap;
use xxhash_rust::xxh3::xxh3_128;

use crate::Key;

/// The seal's first bytes: what it is, and the version of this layout.
const MAGIC: [u8; 8] = *b"kept-v1\n";

/// Magic, length (64 bits, little-endian), checksum (XXH3, 128 bits, little-endian).
const SEAL_LENGTH: usize = MAGIC.len() + 8 + 16;

/// Entries up to this many bytes are read, larger ones mapped: setting a mapping up, faulting its pages in and taking it
/// down again costs more than copying a few pages.
const READ_AT_MOST: u64 = 64 << 10;

/// A directory of compiled code, one file an entry.
///
/// An entry is the code as the engine wrote it, then the seal. The seal comes last so that the code starts on a page
/// and an engine can map the file; engines read the lengths in their own headers and ignore what follows.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// Compiled code that was found whole.
#[derive(Debug)]
pub struct Entry {
    path: PathBuf,
    code: Bytes,
}

impl Entry {
    /// The file, for engines that map it themselves.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The code without the seal: mapped from the file, unless it is small.
    pub fn code(&self) -> Bytes {
        self.code.clone()
    }
}

impl Store {
    /// The store of this machine, see [`kept::directory`].
    pub fn default_location() -> Self {
        Self::at(kept::directory("compiled-code"))
    }

    /// A store in a directory of the caller's. It need not exist yet.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// Loads the code kept under `key`; where there is none, or it is damaged, or `load` refuses it, compiles it and
    /// keeps the result.
    ///
    /// `compile` returns what it compiled and the engine's serialised form of it. A store that can't be written costs
    /// the next run a compilation, so it is a warning on stderr and not an error.
    pub fn load_or_compile<T, L, C>(
        &self,
        key: &Key,
        load: impl FnOnce(Entry) -> Result<T, L>,
        compile: impl FnOnce() -> Result<(T, Vec<u8>), C>,
    ) -> Result<T, C> {
        if let Some(loaded) = self.get(key).and_then(|entry| load(entry).ok()) {
            return Ok(loaded);
        }
        let (compiled, code) = compile()?;
        if let Err(error) = self.put(key, &code) {
            eprintln!(
                "warning: compiled code can't be kept in {}, so the next run compiles again: {error}",
                self.directory.display()
            );
        }
        Ok(compiled)
    }

    /// The entry kept under `key`, if it is whole.
    pub fn get(&self, key: &Key) -> Option<Entry> {
        let path = self.path(key);
        let mut file = File::open(&path).ok()?;
        let entry = if file.metadata().ok()?.len() <= READ_AT_MOST {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).ok()?;
            Bytes::from(bytes)
        } else {
            // SAFETY: entries are only ever replaced by renaming a whole file over them and never written in place, so
            // the mapped bytes stay what they are. The directory belongs to the user who runs this program.
            Bytes::from_owner(unsafe { Mmap::map(&file) }.ok()?)
        };
        let code_length = entry.len().checked_sub(SEAL_LENGTH)?;
        let (code, seal) = entry.split_at(code_length);
        (seal == seal_of(code)).then_some(())?;
        let code = entry.slice(..code_length);
        Some(Entry { path, code })
    }

    /// Keeps `code` under `key`. Other processes see the old entry or the new one, never a part of it.
    pub fn put(&self, key: &Key, code: &[u8]) -> io::Result<()> {
        create_private_directory(&self.directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(code)?;
        file.write_all(&seal_of(code))?;
        file.persist(self.path(key))?;
        Ok(())
    }

    /// Where the entry for `key` lies, whether or not it is there.
    pub fn path(&self, key: &Key) -> PathBuf {
        self.directory.join(key.to_string())
    }
}

fn seal_of(code: &[u8]) -> [u8; SEAL_LENGTH] {
    let mut seal = [0; SEAL_LENGTH];
    seal[..8].copy_from_slice(&MAGIC);
    seal[8..16].copy_from_slice(&(code.len() as u64).to_le_bytes());
    seal[16..].copy_from_slice(&xxh3_128(code).to_le_bytes());
    seal
}

fn create_private_directory(directory: &Path) -> io::Result<()> {
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::thread;

    use super::*;

    fn key() -> Key {
        Key::new(b"guest", "engine", "1.0.0", "compiler")
    }

    /// Asks a store for the code of `key`, and says what came back and how often it compiled.
    fn ask(store: &Store, key: &Key, accepted: bool) -> (Vec<u8>, u32) {
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
        assert_eq!(ask(&store, &key(), true), (b"code".to_vec(), 1));
        assert_eq!(ask(&store, &key(), true), (b"code".to_vec(), 0));
    }

    #[test]
    fn an_entry_for_another_engine_version_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path());
        assert_eq!(ask(&store, &key(), true).1, 1);
        assert_eq!(
            ask(&store, &Key::new(b"guest", "engine", "1.0.1", "compiler"), true).1,
            1
        );
    }

    #[test]
    fn a_damaged_entry_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path());
        ask(&store, &key(), true);
        let whole = fs::read(store.path(&key())).unwrap();
        let mut damaged = vec![Vec::new(), b"foreign".to_vec(), [&whole[..], b"longer"].concat()];
        damaged.extend((0..whole.len()).map(|length| whole[..length].to_vec()));
        damaged.extend((0..whole.len()).map(|index| {
            let mut flipped = whole.clone();
            flipped[index] ^= 1;
            flipped
        }));
        for bytes in damaged {
            fs::write(store.path(&key()), &bytes).unwrap();
            assert_eq!(ask(&store, &key(), true), (b"code".to_vec(), 1), "{bytes:?}");
            assert_eq!(fs::read(store.path(&key())).unwrap(), whole);
        }
    }

    #[test]
    fn an_entry_that_the_engine_refuses_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path());
        store.put(&key(), b"of an older layout").unwrap();
        assert_eq!(ask(&store, &key(), false), (b"code".to_vec(), 1));
        assert_eq!(ask(&store, &key(), true), (b"code".to_vec(), 0));
    }

    #[test]
    fn a_store_that_cannot_be_written_still_answers() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "in the way").unwrap();
        assert_eq!(ask(&Store::at(file.join("store")), &key(), true), (b"code".to_vec(), 1));
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
                        let code = store.get(&key()).expect("an entry is there and whole").code();
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
}
