//! The embedded host, built for an image.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use system::{
    command_line::{self, typed},
    workspace,
};
use wasm::guests;

/// The package, whose program has its name.
pub(crate) const PACKAGE: &str = "ex3-stats-tracker";

/// The profile in the workspace's `Cargo.toml`.
const PROFILE: &str = "image";

/// Has the linker put the C library into the program, so that the image needs none.
const STATIC: &str = "-Ctarget-feature=+crt-static";

/// The target that images are built for: this machine's architecture, and Linux.
pub(crate) fn target() -> String {
    format!("{}-unknown-linux-gnu", env::consts::ARCH)
}

/// Builds it where that is due, and reads it. It is without what only a workspace needs: a compiler, the dashboard, the
/// stand-in.
pub(crate) fn build() -> Result<Vec<u8>> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        .args(["build", "--locked", "--profile", PROFILE, "--no-default-features"])
        .args(["--package", PACKAGE, "--bin", PACKAGE, "--target", &target()])
        // What cargo says it built, to read where it lies.
        .arg("--message-format=json-render-diagnostics")
        .env_remove("RUSTFLAGS")
        .env(guests::RUSTFLAGS, guests::rustflags([STATIC.into()]));
    command_line::note(format_args!(
        "building {PACKAGE} for an image (some minutes at first)\n{}",
        typed(&command)
    ));
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .context("cargo can't be started; install Rust from https://rustup.rs")?;
    ensure!(
        output.status.success(),
        "cargo ended with {}; what it said stands above",
        output.status
    );
    let program = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok()?.executable)
        .next_back();
    let Some(program) = program else {
        bail!("cargo named no program that it built");
    };
    fs::read(&program).with_context(|| format!("reading {}", program.display()))
}

/// A line of cargo's, as far as it counts here.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}
