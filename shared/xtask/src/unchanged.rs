//! Tests that need not run again: those of a package whose files are the same as when its tests last passed.
//!
//! What a package's tests read is more than cargo knows: guests that a test builds, pages, manifests, scripts. So a
//! package is compared with whole directories of the workspace's root: its own, those of the crates that it depends on,
//! and `shared/`, which every example uses. Files at the root, like `Cargo.lock`, belong to every package, and a package
//! outside of an example may read everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What every example uses.
const SHARED: &str = "shared";

/// Directories whose packages read nothing but what they depend on.
const NARROW: [&str; 4] = ["ex1-hello", "ex2-parser", "ex3-stats-tracker", "charts"];

/// The workspace's files at one time, and what was stored of earlier ones.
pub(crate) struct Unchanged {
    /// The compiler's version, which decides as the files do.
    compiler: String,
    /// Each file's path from the workspace's root, and git's name of its content.
    files: BTreeMap<String, String>,
    /// The directories at the root that a package's tests may read; a package that is not here may read all of them.
    directories: BTreeMap<String, BTreeSet<String>>,
    /// A file for each set of tests that has passed.
    passed: PathBuf,
    /// Whether tests are left out.
    leaves_out: bool,
}

impl Unchanged {
    /// Reads the workspace's files. Tests are left out only with `leave_out`; that they have passed is stored in any case.
    ///
    /// # Errors
    /// git or the compiler can't be run, or cargo's metadata is not understood.
    pub(crate) fn read(workspace: &Path, metadata: &Value, passed: PathBuf, leave_out: bool) -> Result<Self> {
        Ok(Self {
            compiler: output(Command::new("rustc").arg("--version").current_dir(workspace))?,
            files: files(workspace)?,
            directories: directories(workspace, metadata)?,
            passed,
            leaves_out: leave_out,
        })
    }

    /// Whether these tests are left out: they are to be, and the files of the package are those with which they passed.
    pub(crate) fn leaves_out(&self, tests: &str, package: &str) -> bool {
        self.leaves_out && fs::read_to_string(self.file(tests)).is_ok_and(|stored| stored == self.snapshot(package))
    }

    /// Stores that these tests passed, with the files as they were before the run.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn store(&self, tests: &str, package: &str) -> Result<()> {
        fs::create_dir_all(&self.passed).with_context(|| format!("{} can't be made", self.passed.display()))?;
        let file = self.file(tests);
        fs::write(&file, self.snapshot(package)).with_context(|| format!("{} can't be written", file.display()))
    }

    /// Forgets that these tests passed.
    ///
    /// # Errors
    /// The file is there and can't be removed: the next run would take the tests for passed.
    pub(crate) fn forget(&self, tests: &str) -> Result<()> {
        let file = self.file(tests);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} can't be removed", file.display()))
            }
            _ => Ok(()),
        }
    }

    fn file(&self, tests: &str) -> PathBuf {
        let name: String = tests
            .chars()
            .map(|character| {
                if character.is_ascii_alphanumeric() {
                    character
                } else {
                    '-'
                }
            })
            .collect();
        self.passed.join(name)
    }

    /// A line for the compiler and one for each file that the package's tests may read.
    fn snapshot(&self, package: &str) -> String {
        let directories = self.directories.get(package);
        let belongs = |path: &str| match (path.split_once('/'), directories) {
            (Some((directory, _)), Some(directories)) => directories.contains(directory),
            _ => true,
        };
        let files = self.files.iter().filter(|(path, _)| belongs(path));
        let lines = files.map(|(path, content)| format!("{content} {path}\n"));
        format!("{}\n{}", self.compiler.trim_end(), lines.collect::<String>())
    }
}

/// Every file that git knows or would add, with git's name of its content.
fn files(workspace: &Path) -> Result<BTreeMap<String, String>> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(workspace);
        command
    };
    let list = output(&mut git(&[
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    // A file that was removed and is still in git's index is none.
    let paths: BTreeSet<&str> = list
        .split('\0')
        .filter(|path| !path.is_empty() && workspace.join(path).is_file())
        .collect();
    let mut hash = git(&["hash-object", "--stdin-paths"]);
    let mut child = hash
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("git can't be started")?;
    let mut stdin = child.stdin.take().context("git has no standard input")?;
    let lines: String = paths.iter().map(|path| format!("{path}\n")).collect();
    // git answers each line at once, and would wait for a reader of its answers.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let answers = child.wait_with_output()?;
    writer.join().expect("writing does not panic")?;
    ensure!(
        answers.status.success(),
        "git hash-object ended with {}",
        answers.status
    );
    let answers = String::from_utf8(answers.stdout).context("git hash-object is not understood")?;
    let contents: Vec<_> = answers.lines().map(str::to_owned).collect();
    ensure!(contents.len() == paths.len(), "git hash-object left out a file");
    Ok(paths.into_iter().map(str::to_owned).zip(contents).collect())
}

/// For each package of an example or of the charts: the directories at the root that hold it and what it depends on.
fn directories(workspace: &Path, metadata: &Value) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    // cargo's own path of the workspace, which the packages' paths begin with.
    let root = metadata["workspace_root"].as_str().map_or(workspace, Path::new);
    let top = |path: &Path| {
        let first = path.strip_prefix(root).ok()?.components().next()?;
        Some(first.as_os_str().to_string_lossy().into_owned())
    };
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for package in packages {
        let (Some(name), Some(manifest)) = (package["name"].as_str(), package["manifest_path"].as_str()) else {
            continue;
        };
        let Some(own) = top(Path::new(manifest)) else { continue };
        names.insert(name.to_owned(), own.clone());
        let dependencies = package["dependencies"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let used = dependencies
            .iter()
            .filter_map(|dependency| top(Path::new(dependency["path"].as_str()?)));
        uses.entry(own).or_default().extend(used);
    }
    let reached = |from: &str| {
        let mut reached = BTreeSet::from([from.to_owned(), SHARED.to_owned()]);
        let mut next: Vec<String> = reached.iter().cloned().collect();
        while let Some(directory) = next.pop() {
            // What `shared/` depends on is for itself: xtask runs the examples.
            let used = uses.get(&directory).filter(|_| directory != SHARED);
            for used in used.into_iter().flatten() {
                if reached.insert(used.clone()) {
                    next.push(used.clone());
                }
            }
        }
        reached
    };
    let narrow = names
        .into_iter()
        .filter(|(_, directory)| NARROW.contains(&directory.as_str()));
    Ok(narrow.map(|(name, directory)| (name, reached(&directory))).collect())
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{program} can't be started"))?;
    ensure!(output.status.success(), "{program} ended with {}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{program}'s answer is no text"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    /// A workspace of the examples' shape: `tracker` depends on `parser`, and `parser` on a shared crate.
    fn workspace() -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let git = Command::new("git")
            .arg("init")
            .arg("--quiet")
            .current_dir(directory.path())
            .status();
        assert!(git.unwrap().success());
        for path in [
            "Cargo.lock",
            "shared/page.html",
            "ex1-hello/hello.wat",
            "ex2-parser/guest/lib.rs",
            "ex3-stats-tracker/rails/app.rb",
            "charts/values.yaml",
        ] {
            write(&directory, path, "as it was");
        }
        directory
    }

    fn write(workspace: &TempDir, path: &str, content: &str) {
        let path = workspace.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn read(workspace: &TempDir, leave_out: bool) -> Unchanged {
        let package = |name: &str, directory: &str, uses: &[&str]| {
            let path = |directory: &str| workspace.path().join(directory);
            let uses = uses.iter().map(|used| json!({ "name": "used", "path": path(used) }));
            json!({
                "name": name,
                "manifest_path": path(directory).join("Cargo.toml"),
                "dependencies": uses.collect::<Vec<_>>(),
            })
        };
        let metadata = json!({
            "workspace_root": workspace.path(),
            "packages": [
                package("hello", "ex1-hello", &["shared/wasm"]),
                package("parser", "ex2-parser", &["shared/wasm"]),
                package("tracker", "ex3-stats-tracker", &["ex2-parser"]),
                package("cluster", "charts/cluster", &["ex3-stats-tracker/images"]),
                package("xtask", "shared/xtask", &["ex1-hello"]),
            ],
        });
        let passed = workspace.path().join(".git/passed");
        Unchanged::read(workspace.path(), &metadata, passed, leave_out).unwrap()
    }

    const PACKAGES: [&str; 5] = ["hello", "parser", "tracker", "cluster", "xtask"];

    /// The packages whose tests are left out after all had passed and a file was changed.
    fn left_out(change: impl Fn(&TempDir)) -> Vec<&'static str> {
        let workspace = workspace();
        let before = read(&workspace, false);
        for package in PACKAGES {
            before.store(package, package).unwrap();
        }
        change(&workspace);
        let after = read(&workspace, true);
        PACKAGES
            .into_iter()
            .filter(|package| after.leaves_out(package, package))
            .collect()
    }

    #[test]
    fn tests_run_again_where_a_file_that_they_may_read_has_changed() {
        assert_eq!(left_out(|_| ()), PACKAGES);
        let changed = |path| left_out(move |workspace| write(workspace, path, "changed"));
        assert_eq!(changed("ex1-hello/hello.wat"), ["parser", "tracker", "cluster"]);
        assert_eq!(changed("ex2-parser/guest/lib.rs"), ["hello"]);
        assert_eq!(changed("ex3-stats-tracker/rails/app.rb"), ["hello", "parser"]);
        assert_eq!(changed("charts/values.yaml"), ["hello", "parser", "tracker"]);
        assert!(changed("shared/page.html").is_empty());
        assert!(changed("Cargo.lock").is_empty());
    }

    #[test]
    fn a_new_file_and_a_removed_one_are_changes() {
        assert_eq!(
            left_out(|workspace| write(workspace, "ex2-parser/new.rs", "")),
            ["hello"]
        );
        let removed = |workspace: &TempDir| fs::remove_file(workspace.path().join("ex2-parser/guest/lib.rs")).unwrap();
        assert_eq!(left_out(removed), ["hello"]);
    }

    #[test]
    fn tests_that_never_passed_or_failed_since_are_run() {
        let workspace = workspace();
        let tests = read(&workspace, true);
        assert!(!tests.leaves_out("tests of hello", "hello"));
        tests.store("tests of hello", "hello").unwrap();
        assert!(tests.leaves_out("tests of hello", "hello"));
        assert!(
            !read(&workspace, false).leaves_out("tests of hello", "hello"),
            "nobody asked for it"
        );
        tests.forget("tests of hello").unwrap();
        assert!(!tests.leaves_out("tests of hello", "hello"));
        tests.forget("tests of hello").unwrap();
    }
}
