//! Builds the program with the embedded host for an image.

use std::{env, fs, process::Command};

use anyhow::{Context, Result};
use system::{
    cargo,
    command_line::{self, typed},
    workspace,
};
use wasm::guests;

/// The package, and the name of its program.
pub(crate) const PACKAGE: &str = "ex3-stats-tracker";

/// The profile in the workspace's `Cargo.toml`.
const PROFILE: &str = "image";

/// Links the C library statically, so that the image needs none.
const STATIC: &str = "-Ctarget-feature=+crt-static";

/// The target of the images: Linux on this machine's architecture.
pub(crate) fn target() -> String {
    format!("{}-unknown-linux-gnu", env::consts::ARCH)
}

/// Builds the program and reads it. It is without the features for a workspace: the compiler, the dashboard, the
/// stand-in.
pub(crate) fn build() -> Result<Vec<u8>> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        .args(["build", "--locked", "--profile", PROFILE, "--no-default-features"])
        .args(["--package", PACKAGE, "--bin", PACKAGE, "--target", &target()])
        .env_remove("RUSTFLAGS")
        .env(guests::RUSTFLAGS, guests::rustflags([STATIC.into()]));
    command_line::note(format_args!(
        "building {PACKAGE} for an image (some minutes at first)\n{}",
        typed(&command)
    ));
    let program = cargo::built_program(&mut command)?;
    fs::read(&program).with_context(|| format!("reading {}", program.display()))
}
