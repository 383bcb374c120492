//! A layer: files in a compressed archive that is the same whenever and by whomever it is made.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder, write::GzEncoder};
use tar::{EntryType, Header};
use walkdir::WalkDir;

use crate::digest::Digester;
use crate::names::USER;

/// How old every file is, in seconds since 1970: what `SOURCE_DATE_EPOCH` says, or else a day that says nothing.
/// Nobody reads it; that it is the same is what counts.
pub(crate) fn time() -> Result<u64> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text
            .parse()
            .with_context(|| format!("SOURCE_DATE_EPOCH is `{text}`; write seconds since 1970, or nothing")),
        Err(_) => Ok(NO_DATE),
    }
}

/// 1 January 1980, before which some archives know no time.
const NO_DATE: u64 = 315_532_800;

/// A middle way: half a percent larger than the best, in a third of its time.
const COMPRESSION: u32 = 6;

/// Paths from the root, without a slash at the beginning. The map keeps them sorted, a directory before its files.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Debug)]
enum Entry {
    Directory { mode: u32 },
    File { content: Content, executable: bool },
    Link(PathBuf),
}

#[derive(Debug)]
enum Content {
    Bytes(Vec<u8>),
    Of(PathBuf),
}

impl Layer {
    /// What a program expects in any root: who we are, where names are looked up, and a place for temporary files.
    pub(crate) fn with_user(name: &str) -> Self {
        let mut layer = Self::default();
        layer.file(
            "etc/passwd",
            format!(
                "root:x:0:0:root:/nonexistent:/nonexistent\n{name}:x:{USER}:{USER}::/tmp:/nonexistent\n\
                 nobody:x:65534:65534:nobody:/nonexistent:/nonexistent\n"
            ),
        );
        layer.file("etc/group", format!("root:x:0:\n{name}:x:{USER}:\nnogroup:x:65534:\n"));
        layer.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
        // What a runtime puts its own over needs to be there where it may not make it.
        for file in ["etc/hosts", "etc/resolv.conf"] {
            layer.file(file, "");
        }
        for directory in ["dev", "proc", "run", "sys", "var"] {
            layer.directory(directory);
        }
        layer.entries.insert("tmp".into(), Entry::Directory { mode: 0o1777 });
        layer
    }

    pub(crate) fn file(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        self.insert(
            path.as_ref(),
            Entry::File {
                content: Content::Bytes(content.into()),
                executable: false,
            },
        );
    }

    pub(crate) fn program(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        self.insert(
            path.as_ref(),
            Entry::File {
                content: Content::Bytes(content.into()),
                executable: true,
            },
        );
    }

    pub(crate) fn directory(&mut self, path: impl AsRef<Path>) {
        self.insert(path.as_ref(), Entry::Directory { mode: 0o755 });
    }

    /// What lies at `source`, alone: a directory without its files. Of its mode only whether it can be executed is
    /// kept: nothing here is to be written, and nothing runs as anybody else.
    pub(crate) fn copy(&mut self, path: impl AsRef<Path>, source: &Path) -> Result<()> {
        let unreadable = || format!("reading {}", source.display());
        let metadata = fs::symlink_metadata(source).with_context(unreadable)?;
        let entry = if metadata.is_symlink() {
            Entry::Link(fs::read_link(source).with_context(unreadable)?)
        } else if metadata.is_dir() {
            Entry::Directory { mode: 0o755 }
        } else {
            Entry::File {
                content: Content::Of(source.to_owned()),
                executable: metadata.permissions().mode() & 0o100 != 0,
            }
        };
        self.insert(path.as_ref(), entry);
        Ok(())
    }

    /// What lies at `source`, with all that is below it.
    pub(crate) fn copy_all(&mut self, path: impl AsRef<Path>, source: &Path) -> Result<()> {
        for entry in WalkDir::new(source) {
            let entry = entry.with_context(|| format!("reading {}", source.display()))?;
            let below = entry.path().strip_prefix(source).expect("it is below");
            // Joining nothing would end the path with a slash.
            let path = if below.as_os_str().is_empty() {
                path.as_ref().to_owned()
            } else {
                path.as_ref().join(below)
            };
            self.copy(path, entry.path())?;
        }
        Ok(())
    }

    /// Takes over another layer's files, in the place of those of the same names.
    pub(crate) fn merge(&mut self, other: Self) {
        for (path, entry) in other.entries {
            self.insert(&path, entry);
        }
    }

    fn insert(&mut self, path: &Path, entry: Entry) {
        let mut parents: Vec<_> = path
            .ancestors()
            .skip(1)
            .filter(|parent| *parent != Path::new(""))
            .collect();
        parents.reverse();
        for parent in parents {
            self.entries
                .entry(parent.to_owned())
                .or_insert(Entry::Directory { mode: 0o755 });
        }
        self.entries.insert(path.to_owned(), entry);
    }

    /// Writes the archive, and returns the digest of what is in the compression.
    pub(crate) fn write(&self, file: impl Write) -> Result<String> {
        let time = time()?;
        let compressed = compressor(file);
        let mut archive = tar::Builder::new(Digester::new(compressed));
        for (path, entry) in &self.entries {
            let mut header = Header::new_gnu();
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(time);
            header.set_size(0);
            let name = |path: &Path| format!("writing {} into the layer", path.display());
            match entry {
                Entry::Directory { mode } => {
                    header.set_entry_type(EntryType::Directory);
                    header.set_mode(*mode);
                    let slash = format!("{}/", path.display());
                    archive.append_data(&mut header, slash, io::empty())
                }
                Entry::Link(target) => {
                    header.set_entry_type(EntryType::Symlink);
                    header.set_mode(0o777);
                    archive.append_link(&mut header, path, target)
                }
                Entry::File { content, executable } => {
                    header.set_mode(if *executable { 0o755 } else { 0o644 });
                    let bytes = content.read().with_context(|| name(path))?;
                    header.set_size(bytes.len() as u64);
                    archive.append_data(&mut header, path, &*bytes)
                }
            }
            .with_context(|| name(path))?;
        }
        let (compressed, digest) = archive.into_inner().context("ending the layer")?.finish();
        compressed.finish().context("ending the layer")?;
        Ok(digest)
    }
}

fn compressor<W: Write>(file: W) -> GzEncoder<W> {
    GzBuilder::new().write(file, Compression::new(COMPRESSION))
}

impl Content {
    fn read(&self) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.into()),
            Self::Of(path) => Ok(fs::read(path)?.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(layer: &Layer) -> Vec<u8> {
        let mut bytes = Vec::new();
        layer.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_same_files_make_the_same_bytes_in_whatever_order_and_however_old() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "content").unwrap();
        let mut one = Layer::default();
        one.copy("a/file", &file).unwrap();
        one.directory("b");
        let before = written(&one);
        let old = fs::File::options().write(true).open(&file).unwrap();
        old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o4600)).unwrap();
        let mut other = Layer::default();
        other.directory("b");
        other.file("a/file", "content");
        assert_eq!(written(&other), before);
        other.file("a/file", "other");
        assert_ne!(written(&other), before);
    }

    /// Another crate may switch on another backend of the same library, whose bytes are others: then the digests of the
    /// images would depend on which crates are built together.
    #[test]
    fn the_compressed_bytes_are_those_of_one_backend() {
        let mut encoder = compressor(Vec::new());
        for number in 0..5_000 {
            write!(encoder, "{number} {} ", number * number % 97).unwrap();
        }
        let digest = crate::digest::of(&encoder.finish().unwrap());
        assert_eq!(
            digest,
            "sha256:33730f18fb89f005f03d8f9b2926bc692a88a18398a8e7fde55ca12f7c29179a"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut layer = Layer::with_user("somebody");
        let long = format!("usr/{}/file", "long/".repeat(40));
        layer.program(&long, "#!");
        let bytes = written(&layer);
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*bytes));
        let entries: BTreeMap<_, _> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let path = entry.path().unwrap().into_owned();
                (path, entry.header().mode().unwrap())
            })
            .collect();
        assert_eq!(entries[Path::new(&long)], 0o755);
        assert_eq!(entries[Path::new("etc/passwd")], 0o644);
        assert_eq!(entries[Path::new("tmp")], 0o1777);
        assert!(entries.contains_key(Path::new("usr/long")), "{entries:?}");
    }
}
