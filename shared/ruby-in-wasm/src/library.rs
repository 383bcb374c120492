//! Ruby libraries of this machine, for a Ruby in Wasm.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The sources of a library, without native extensions, which WebAssembly can't load.
#[derive(Clone, Debug)]
pub struct Library {
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Library {
    /// The directory of the sources in Ruby's file system. It must be added to `$LOAD_PATH`.
    pub const DIRECTORY: &str = "/library";

    /// Ruby code to be evaluated before `require "htree"`: HTree calls `tainted?`, which Ruby 3.2 removed.
    pub const HTREE_COMPATIBILITY: &str = "class Object; def tainted? = false; def untaint = self; end";

    /// The library `name` on the `$LOAD_PATH` of this machine's Ruby. `None` without Ruby or without the library.
    pub fn find(name: &str) -> Option<Self> {
        let output = Command::new("ruby")
            .args(["-e", "puts $LOAD_PATH"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        String::from_utf8(output.stdout)
            .ok()?
            .lines()
            .find_map(|directory| Self::read(Path::new(directory), name).ok())
    }

    /// Reads `NAME.rb` and the `.rb` files below the directory `NAME`, in `directory`.
    pub fn read(directory: &Path, name: &str) -> io::Result<Self> {
        let main = Path::new(name).with_extension("rb");
        let mut files = vec![(guest_path(&main), fs::read(directory.join(&main))?)];
        read_below(directory, Path::new(name), &mut files)?;
        Ok(Self { files })
    }

    /// The sources as files for [`Start`](crate::Start).
    pub fn into_files(self) -> Vec<(PathBuf, Vec<u8>)> {
        self.files
    }
}

fn read_below(root: &Path, directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    let entries = match fs::read_dir(root.join(directory)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = directory.join(entry.file_name());
        // Symbolic links to directories are not followed, because they can form a circle.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_below(root, &path, files)?;
        } else if path.extension() == Some(OsStr::new("rb")) {
            files.push((guest_path(&path), fs::read(root.join(&path))?));
        }
    }
    Ok(())
}

fn guest_path(path: &Path) -> PathBuf {
    Path::new(Library::DIRECTORY).join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_its_file_and_the_sources_below_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "1").unwrap();
        };
        assert!(Library::read(directory.path(), "own").is_err());
        for path in [
            "own.rb",
            "own/a.rb",
            "own/deep/b.rb",
            "own/data.txt",
            "other.rb",
            "owner/c.rb",
        ] {
            write(path);
        }
        let mut paths: Vec<_> = Library::read(directory.path(), "own")
            .unwrap()
            .into_files()
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        paths.sort();
        assert_eq!(
            paths,
            ["own/a.rb", "own/deep/b.rb", "own.rb"].map(|path| guest_path(Path::new(path)))
        );
    }
}
