//! cargo-deny, which holds the dependencies to `deny.toml`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use system::command_line;

use crate::run::announce_and_run;

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// The program: the reader's own, or the one that [`install`] installed.
pub(crate) fn program() -> Option<PathBuf> {
    let installed = || Some(directory()?.join("bin/cargo-deny")).filter(|program| program.is_file());
    which::which("cargo-deny").ok().or_else(installed)
}

/// Installs it, outside of any clone and of the reader's own programs. It is for one check of many: where it can't be
/// installed, that is said, and the others go on.
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
    // It runs for seconds, and compiling it well takes minutes.
    command.args(["--debug", "--no-track", "--root"]).arg(directory);
    // Elsewhere than the workspace's own, whose lock would be held meanwhile.
    command
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_BUILD_DIR");
    command
}

/// One for each version, so that another one is installed beside it.
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
    fn it_is_installed_at_its_version_where_no_clone_lies() {
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
