//! Packages for Python.

use std::path::Path;
use std::process::Command;

/// A command that installs the packages of a file of requirements, which has the hash of each, into a directory.
pub fn install(requirements: &Path, directory: &Path) -> Command {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--only-binary=:all:",
        "--target",
    ]);
    pip.arg(directory).arg("--requirement").arg(requirements);
    pip
}
