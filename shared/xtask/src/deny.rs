//! cargo-deny, which checks the dependencies against `deny.toml`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use system::command_line;

use crate::run::announce_and_run;

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// The path of cargo-deny: the one on the PATH, or the one that [`install`] installed.
pub(crate) fn program() -> Option<PathBuf> {
    let installed = || Some(directory()?.join("bin/cargo-deny")).filter(|program| program.is_file());
    which::which("cargo-deny").ok().or_else(installed)
}

/// Installs cargo-deny in the user's cache directory. If this fails, a warning is printed, because it is needed for
/// only one of many checks.
pub(crate) fn install() -> Result<()> {
    let failed = match directory() {
        Some(directory) => announce_and_run(&mut command(&directory)).map(|status| !status.success())?,
        None => true,
    };
    if failed {
        command_line::note(
            "warning: cargo-deny can't be installed; the dependencies' licences and sources are not checked",
        );
    }
    Ok(())
}

fn command(directory: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.args(["install", "cargo-deny", "--locked", "--version", VERSION]);
    // Without optimisation: cargo-deny runs for seconds, and optimising it takes minutes.
    command.args(["--debug", "--no-track", "--root"]).arg(directory);
    // Not in the workspace's directories, which would be locked meanwhile.
    command
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_BUILD_DIR");
    command
}

/// The directory of this version, so that several versions can be installed.
fn directory() -> Option<PathBuf> {
    let home = PathBuf::from(env::var_os("HOME").filter(|home| !home.is_empty())?);
    Some(
        home.join(".cache/stats-tracker/tools")
            .join(format!("cargo-deny-{VERSION}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_version_is_installed_outside_of_the_clone() {
        let command = command(Path::new("/somewhere"));
        let typed = command_line::typed(&command);
        assert!(
            typed.contains(VERSION) && typed.ends_with("--root /somewhere"),
            "{typed}"
        );
        let workflow = include_str!("../../../.github/workflows/dependencies.yaml");
        assert!(
            workflow.contains(&format!("--version {VERSION}")),
            "the workflow has another version"
        );
    }
}
