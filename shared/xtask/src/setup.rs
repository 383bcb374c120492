//! Sets up a machine: installs software with the system's package manager, then builds what depends on it.

mod needs;
mod steps;

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use system::command_line;
use wasm::guests;

use crate::run::{Cargo, announce_and_run, bold};

pub(crate) use needs::Purpose;
use needs::{by_hand, describe, is_root, missing, on_path, packages, succeeds};
use steps::{STEPS, Step};

/// The program that the demo runs.
pub(crate) const TRACKER: &str = "ex3-stats-tracker";

/// The way to install packages on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Installer {
    /// `apt-get`, as root.
    Root,
    /// `sudo apt-get` without a password.
    Sudo,
    /// The user must type the commands.
    Manual,
}

impl Installer {
    fn find() -> Self {
        if !on_path("apt-get") {
            Self::Manual
        } else if is_root() {
            Self::Root
        } else if succeeds(Command::new("sudo").args(["--non-interactive", "true"])) {
            Self::Sudo
        } else {
            Self::Manual
        }
    }

    fn apt_get(self, arguments: &[&str]) -> Command {
        let mut command = if self == Self::Sudo {
            let mut sudo = Command::new("sudo");
            sudo.arg("apt-get");
            sudo
        } else {
            Command::new("apt-get")
        };
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command
    }
}

/// Installs and builds what is missing for `purpose`. Prints nothing if nothing is missing.
pub(crate) fn set_up(purpose: Purpose, cargo: &Cargo, workspace: &Path) -> Result<()> {
    rename_old_cache(&cargo.target_directory()?);
    install(purpose)?;
    build(purpose, cargo, workspace)
}

/// Sets up what the demo needs, and starts it with `run`. The first time, the long builds run in parallel.
pub(crate) fn demo(cargo: &Cargo, workspace: &Path, run: impl FnOnce() -> Result<ExitCode>) -> Result<ExitCode> {
    let target = cargo.target_directory()?;
    if !target.join("debug").join(TRACKER).is_file() {
        command_line::note(
            "The first time this takes about 9 minutes on two cores, most of them for a WebAssembly engine and Rust's \
             standard library as WebAssembly; later it takes seconds.",
        );
    }
    rename_old_cache(&target);
    install(Purpose::Demo)?;
    thread::scope(|scope| {
        // This build often compiles one crate at a time, so that another build can use the other cores. The tracker
        // also builds a missing component: it waits for this build, and reports its failure.
        scope.spawn(|| guests::SPIN_COMPONENT.build());
        build(Purpose::Demo, cargo, workspace)?;
        run()
    })
}

/// Runs the steps that are not done.
fn build(purpose: Purpose, cargo: &Cargo, workspace: &Path) -> Result<()> {
    for step in STEPS {
        if step.purpose <= purpose && !(step.is_done)(workspace) {
            command_line::note(format_args!("{}: {}", bold(step.name), step.why));
            (step.run)(cargo, workspace).with_context(|| format!("{} can't be built", step.name))?;
        }
    }
    Ok(())
}

/// Renames the cache's old directory `kept`. Building its content again would take half an hour.
fn rename_old_cache(target: &Path) {
    let new = target.join("cache");
    if !new.exists() {
        // Without an old cache, or if it can't be renamed, a new one is built.
        _ = fs::rename(target.join("kept"), new);
    }
}

fn install(purpose: Purpose) -> Result<()> {
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    command_line::note(describe(&missing).trim_end());
    let installer = Installer::find();
    if installer == Installer::Manual {
        bail!("packages can't be installed without you: type the commands above, then this command again");
    }
    // The package lists can be old, or missing in a container image.
    let packages = packages(&missing);
    let install: Vec<&str> = ["install", "--yes", "--no-install-recommends"]
        .into_iter()
        .chain(packages.iter().copied())
        .collect();
    for arguments in [&["update"][..], &install] {
        let status = announce_and_run(installer.apt_get(arguments).stdin(Stdio::null()))?;
        if !status.success() {
            bail!(
                "apt-get ended with {status}; instead you can type:\n{}",
                by_hand(&missing)
            );
        }
    }
    let still_missing: Vec<&str> = missing
        .iter()
        .filter(|need| !(need.is_installed)())
        .map(|need| need.name)
        .collect();
    if !still_missing.is_empty() {
        bail!(
            "installed, but still not found: {}; instead you can type:\n{}",
            still_missing.join(", "),
            by_hand(&missing)
        );
    }
    Ok(())
}

/// A description of what [`set_up`] would do.
pub(crate) fn plan(purpose: Purpose, workspace: &Path) -> String {
    let mut text = String::new();
    let missing = missing(purpose);
    if !missing.is_empty() {
        text += &describe(&missing);
    }
    let open: Vec<&Step> = STEPS
        .iter()
        .filter(|step| step.purpose <= purpose && !(step.is_done)(workspace))
        .collect();
    if !open.is_empty() {
        text += &(bold("to be built:") + "\n");
        for step in open {
            let _ = writeln!(text, "  {}: {}", step.name, step.why);
        }
    }
    if text.is_empty() {
        text += "nothing is missing\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_cache_is_renamed_once() {
        let target = tempfile::tempdir().unwrap();
        let entry = |directory: &str| target.path().join(directory).join("entry");
        rename_old_cache(target.path());
        assert!(!target.path().join("cache").exists());
        for (directory, text) in [("kept", "first"), ("kept", "second")] {
            fs::create_dir_all(target.path().join(directory)).unwrap();
            fs::write(entry(directory), text).unwrap();
            rename_old_cache(target.path());
            assert_eq!(fs::read_to_string(entry("cache")).unwrap(), "first");
        }
    }
}
