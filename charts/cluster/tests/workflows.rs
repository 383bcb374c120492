//! Tests of GitHub's workflows, which run on GitHub alone: their syntax, expressions and shell commands (actionlint), and
//! their permissions, pinned actions and secrets (zizmor). Neither asks GitHub.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cluster::Tool;
use common::{python_packages, stdout, workspace};
use system::debian_root::SUITE;

fn workflows() -> PathBuf {
    workspace().join(".github/workflows")
}

/// A copy of the workflows, in which `from` is replaced by `to` once.
fn changed(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let copies = directory.path().join(".github/workflows");
    fs::create_dir_all(&copies).unwrap();
    for workflow in fs::read_dir(workflows()).unwrap() {
        let workflow = workflow.unwrap();
        fs::copy(workflow.path(), copies.join(workflow.file_name())).unwrap();
    }
    let file = copies.join(file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
    directory
}

fn actionlint(directory: &Path) -> Command {
    let mut actionlint = Tool::Actionlint.command().unwrap_or_else(|error| panic!("{error}"));
    // It also runs shellcheck and pyflakes where a machine has them, which would be another check on each machine.
    actionlint.args(["-no-color", "-oneline", "-shellcheck=", "-pyflakes="]);
    for workflow in fs::read_dir(directory.join(".github/workflows")).unwrap() {
        actionlint.arg(workflow.unwrap().path());
    }
    actionlint
}

/// zizmor, which is installed from its package for Python.
fn zizmor(directory: &Path) -> Command {
    let mut zizmor = Command::new(python_packages("zizmor").join("bin/zizmor"));
    zizmor.args(["--offline", "--no-progress", "--color=never", "--quiet"]);
    zizmor.arg(directory.join(".github/workflows"));
    zizmor
}

#[test]
fn actionlint_finds_nothing() {
    assert_eq!(stdout(&mut actionlint(workspace())), "");
    let wrong = changed("release.yaml", "github.repository_owner", "github.repository_owners");
    let output = actionlint(wrong.path()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("\"repository_owners\" is not defined"), "{printed}");
}

#[test]
fn zizmor_finds_nothing() {
    stdout(&mut zizmor(workspace()));
    for (from, to, finding) in [
        (
            "on:\n  push:\n",
            "on:\n  pull_request_target:\n  push:\n",
            "dangerous-triggers",
        ),
        ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5", "unpinned-uses"),
        (
            "\"ghcr.io/$OWNER\"",
            "\"ghcr.io/${{ github.ref_name }}\"",
            "template-injection",
        ),
    ] {
        let wrong = changed("release.yaml", from, to);
        let output = zizmor(wrong.path()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            !output.status.success() && printed.contains(finding),
            "{finding}: {printed}"
        );
    }
}

/// The workflows and the devcontainer.
#[test]
fn every_machine_has_the_oldest_supported_rust_on_the_dashboards_debian() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    let image = format!("rust:{version}-{SUITE}");
    let devcontainer = workspace().join(".devcontainer/devcontainer.json");
    let workflows = fs::read_dir(workflows())
        .unwrap()
        .map(|workflow| workflow.unwrap().path());
    let mut images = 0;
    for file in workflows.chain([devcontainer]) {
        for line in fs::read_to_string(&file).unwrap().lines().map(str::trim) {
            if let Some(named) = ["image: ", "\"image\": "].iter().find_map(|key| line.strip_prefix(key)) {
                assert_eq!(named.trim_matches(['"', ',']), image, "{}", file.display());
                images += 1;
            } else if line.contains("rustup ") {
                assert!(line.contains(version), "{}: {line}", file.display());
            }
        }
    }
    assert_eq!(images, 5, "four workflows and the devcontainer");
}
