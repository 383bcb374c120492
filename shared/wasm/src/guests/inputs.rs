//! The inputs of a guest's build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use crate::guests::toolchain::{CRATES, FEATURES, WORKSPACE};

/// The files that a module was built from, a digest of their names, their contents and the compiler's flags, and a
/// digest of the module.
///
/// Stored as text beside the module: the two digests, then one path for each line, relative to the workspace where
/// possible.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inputs {
    digest: u128,
    module: u128,
    files: BTreeSet<PathBuf>,
}

impl Inputs {
    /// The inputs from cargo's dependency file (`output: input input …`), and the manifests of their crates. `None` if
    /// a file can't be read.
    pub(crate) fn from_dependency_file(text: &str, workspace: &Path, module: &[u8]) -> Option<Self> {
        let mut files = BTreeSet::from([PathBuf::from("Cargo.lock")]);
        for source in dependency_file_inputs(text) {
            let source = source.strip_prefix(workspace).map(Path::to_path_buf).unwrap_or(source);
            for directory in source.ancestors().skip(1) {
                let manifest = directory.join("Cargo.toml");
                if workspace.join(&manifest).is_file() {
                    files.insert(manifest);
                }
            }
            files.insert(source);
        }
        Some(Self {
            digest: digest(&files, workspace)?,
            module: xxh3_128(module),
            files,
        })
    }

    /// Whether neither the inputs nor the module have changed since the build.
    pub(crate) fn are_current(&self, workspace: &Path, module: &[u8]) -> bool {
        self.module == xxh3_128(module) && digest(&self.files, workspace) == Some(self.digest)
    }

    /// Whether all files were last changed before `time`.
    pub(crate) fn are_older_than(&self, time: SystemTime, workspace: &Path) -> bool {
        let modified = |file| fs::metadata(workspace.join(file)).and_then(|metadata| metadata.modified());
        self.files
            .iter()
            .all(|file| modified(file).is_ok_and(|modified| modified < time))
    }

    pub(crate) fn to_text(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        format!("{:032x}\n{:032x}\n{}\n", self.digest, self.module, files.join("\n"))
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let mut digest = || u128::from_str_radix(lines.next()?, 16).ok();
        Some(Self {
            digest: digest()?,
            module: digest()?,
            files: lines.map(PathBuf::from).collect(),
        })
    }
}

/// `None` if a file can't be read, which counts as a change.
fn digest(files: &BTreeSet<PathBuf>, workspace: &Path) -> Option<u128> {
    let mut hash = Xxh3Default::new();
    for flag in [FEATURES, CRATES, WORKSPACE] {
        hash.update(flag.as_bytes());
    }
    for file in files {
        let content = fs::read(workspace.join(file)).ok()?;
        let name = file.as_os_str().as_encoded_bytes();
        hash.update(&(name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update(&(content.len() as u64).to_le_bytes());
        hash.update(&content);
    }
    Some(hash.digest128())
}

/// The inputs in cargo's dependency file (`output: input input …`). A space within a path is written as `\ `.
pub fn dependency_file_inputs(text: &str) -> Vec<PathBuf> {
    let Some((_, inputs)) = text.lines().next().unwrap_or_default().split_once(": ") else {
        return Vec::new();
    };
    inputs
        .replace("\\ ", "\0")
        .split(' ')
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(path.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace with one guest of two files, and the dependency file that cargo would write for it.
    fn workspace() -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("a guest/src")).unwrap();
        for file in [
            "Cargo.toml",
            "Cargo.lock",
            "a guest/Cargo.toml",
            "a guest/src/lib.rs",
            "a guest/src/part.rs",
        ] {
            fs::write(root.join(file), file).unwrap();
        }
        let escaped = root.join("a guest/src").display().to_string().replace(' ', "\\ ");
        let text = format!("{}/out.wasm: {escaped}/lib.rs {escaped}/part.rs\n", root.display());
        (directory, text)
    }

    #[test]
    fn are_the_same_after_writing_and_reading() {
        let (root, text) = workspace();
        let inputs = Inputs::from_dependency_file(&text, root.path(), b"module").unwrap();
        assert_eq!(Inputs::from_text(&inputs.to_text()), Some(inputs));
    }

    #[test]
    fn include_sources_manifests_and_the_lock_file() {
        let (root, text) = workspace();
        let inputs = Inputs::from_dependency_file(&text, root.path(), b"module").unwrap();
        let names: Vec<_> = inputs.files.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "Cargo.lock",
                "Cargo.toml",
                "a guest/Cargo.toml",
                "a guest/src/lib.rs",
                "a guest/src/part.rs"
            ]
        );
    }

    #[test]
    fn any_changed_or_missing_file_is_noticed() {
        let (root, text) = workspace();
        let inputs = Inputs::from_dependency_file(&text, root.path(), b"module").unwrap();
        assert!(inputs.are_current(root.path(), b"module"));
        assert!(!inputs.are_current(root.path(), b"modul"), "a cut module");
        for file in &inputs.files {
            let path = root.path().join(file);
            let content = fs::read(&path).unwrap();
            fs::write(&path, "changed").unwrap();
            assert!(!inputs.are_current(root.path(), b"module"), "{}", file.display());
            fs::remove_file(&path).unwrap();
            assert!(!inputs.are_current(root.path(), b"module"), "{}", file.display());
            fs::write(&path, content).unwrap();
            assert!(inputs.are_current(root.path(), b"module"), "{}", file.display());
        }
    }

    #[test]
    fn a_file_changed_since_a_build_began_is_noticed() {
        let (root, text) = workspace();
        let inputs = Inputs::from_dependency_file(&text, root.path(), b"module").unwrap();
        assert!(inputs.are_older_than(SystemTime::now() + std::time::Duration::from_secs(1), root.path()));
        assert!(!inputs.are_older_than(SystemTime::UNIX_EPOCH, root.path()));
    }

    #[test]
    fn damaged_text_is_no_list() {
        for text in ["", "\n", "00\n", "zz\n00\nfile\n", "00"] {
            assert_eq!(Inputs::from_text(text), None, "{text:?}");
        }
    }
}
