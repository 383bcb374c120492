//! The steps after the installation of software.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};
use system::debian_root::DebianRoot;

use crate::deny;
use crate::hosts;
use crate::run::{Cargo, announce_and_run};
use crate::setup::needs::{Purpose, RAILS, own_ruby_has_the_gems};

/// The talk.
const SLIDES: &str = "slides";

/// A step after the installation, which needs the installed software.
pub(super) struct Step {
    pub(super) purpose: Purpose,
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    pub(super) is_done: fn(&Path) -> bool,
    pub(super) run: fn(&Cargo, &Path) -> Result<()>,
}

/// What npm is asked for to get exactly what a lock file names, and to ask nobody else.
const NPM_CI: [&str; 3] = ["ci", "--no-audit", "--no-fund"];

pub(super) const STEPS: [Step; 6] = [
    Step {
        purpose: Purpose::Demo,
        name: "a Debian root with Rails",
        why: "the dashboard runs in it, separate from the machine's own programs",
        is_done: |workspace| {
            let root = || DebianRoot::find().is_some() && env::var_os("CI").is_none();
            own_ruby_has_the_gems(&workspace.join(RAILS)) || root()
        },
        // By cargo, so that the root is in the cache of the programs that cargo runs.
        run: |cargo, _| {
            let status = announce_and_run(&mut cargo.command(&[
                "run",
                "--quiet",
                "-p",
                "system",
                "--bin",
                "debian-root",
                "--",
                "--build",
            ]))?;
            ensure!(status.success(), "it ended with {status}; its messages are above");
            Ok(())
        },
    },
    Step {
        purpose: Purpose::Demo,
        name: "the dashboard's npm packages",
        why: "uPlot draws the charts, esbuild bundles the scripts",
        is_done: |workspace| has_the_locked_packages(&workspace.join(RAILS)),
        run: |_, workspace| npm(&workspace.join(RAILS), &NPM_CI),
    },
    Step {
        purpose: Purpose::Demo,
        name: "the dashboard's scripts and styles",
        why: "the browser loads the built files",
        is_done: |workspace| is_newer_than_sources(&workspace.join(RAILS)),
        run: |_, workspace| npm(&workspace.join(RAILS), &["run", "--silent", "build"]),
    },
    Step {
        purpose: Purpose::Talk,
        name: "the slides' npm packages",
        why: "reveal.js shows the slides, esbuild bundles them",
        is_done: |workspace| has_the_locked_packages(&workspace.join(SLIDES)),
        run: |_, workspace| npm(&workspace.join(SLIDES), &NPM_CI),
    },
    Step {
        purpose: Purpose::Test,
        name: "cargo-deny",
        why: "it checks the dependencies' licences and sources (once; some minutes)",
        is_done: |_| deny::program().is_some(),
        run: |_, _| deny::install(),
    },
    Step {
        purpose: Purpose::Test,
        name: "the libraries of the parser's hosts",
        why: "wasmtime for Python, wazero for Go, Endive for Java, and the HTML parsers to compare with",
        is_done: hosts::is_prepared,
        run: |_, workspace| hosts::prepare(workspace),
    },
];

fn npm(directory: &Path, arguments: &[&str]) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(directory);
    let status = announce_and_run(&mut npm)?;
    if !status.success() {
        bail!("npm ended with {status}; its messages are above");
    }
    Ok(())
}

/// Whether npm has installed what the lock file names: it notes at the end what it installed.
fn has_the_locked_packages(directory: &Path) -> bool {
    let modified = |file: &str| directory.join(file).metadata().and_then(|metadata| metadata.modified());
    match (
        modified("package-lock.json"),
        modified("node_modules/.package-lock.json"),
    ) {
        (Ok(wanted), Ok(installed)) => installed >= wanted,
        _ => false,
    }
}

/// Whether the built scripts and styles are newer than their sources.
fn is_newer_than_sources(rails: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    let Ok(built) = modified(&rails.join("public/assets/manifest.json")) else {
        return false;
    };
    let mut sources = vec![
        rails.join("app/assets"),
        rails.join("app/javascript"),
        rails.join("package-lock.json"),
    ];
    while let Some(source) = sources.pop() {
        if modified(&source).is_ok_and(|changed| changed > built) {
            return false;
        }
        sources.extend(
            fs::read_dir(&source)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path()),
        );
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_again_after_the_lock_file_has_changed() {
        let directory = tempfile::tempdir().unwrap();
        let lock = directory.path().join("package-lock.json");
        let installed = directory.path().join("node_modules/.package-lock.json");
        let now = std::time::SystemTime::now();
        let write = |path: &Path, seconds_ago: u64| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let at = now - std::time::Duration::from_secs(seconds_ago);
            fs::File::create(path).unwrap().set_modified(at).unwrap();
        };
        assert!(!has_the_locked_packages(directory.path()));
        write(&lock, 100);
        assert!(!has_the_locked_packages(directory.path()));
        write(&installed, 50);
        assert!(has_the_locked_packages(directory.path()));
        write(&lock, 10);
        assert!(!has_the_locked_packages(directory.path()));
    }
}
