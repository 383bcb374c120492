//! Builds the programs for the images: the embedded host, and the compiler of a component's code for another architecture.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};
use system::{
    architecture::Architecture,
    cargo,
    command_line::{self, typed},
    workspace,
};
use wasm::guests;

use crate::{command, toolchain};

/// The package, and the name of its program.
pub(crate) const PACKAGE: &str = "ex3-stats-tracker";

/// The profile in the workspace's `Cargo.toml`.
const PROFILE: &str = "image";

/// Links the C library statically, so that the image needs none.
const STATIC: &str = "-Ctarget-feature=+crt-static";

/// The package, the program and the feature that compile a component's code for another architecture.
const COMPILER: [&str; 6] = [
    "--package",
    "spin-host",
    "--bin",
    "compile-ahead",
    "--features",
    "every-architecture",
];

/// Builds the program and reads it. It is without the features for a workspace: the compiler, the dashboard, the
/// stand-in.
pub(crate) fn build(architecture: Architecture) -> Result<Vec<u8>> {
    let mut command = toolchain::cargo_build(architecture)?;
    command
        .current_dir(workspace())
        .args(["--locked", "--profile", PROFILE, "--no-default-features"])
        .args(["--package", PACKAGE, "--bin", PACKAGE])
        .env_remove("RUSTFLAGS")
        .env(guests::RUSTFLAGS, guests::rustflags([STATIC.into()]));
    command_line::note(format_args!(
        "building {PACKAGE} for an image for {} (some minutes at first)\n{}",
        architecture.name(),
        typed(&command)
    ));
    let program = cargo::built_program(&mut command)?;
    fs::read(&program).with_context(|| format!("reading {}", program.display()))
}

/// Compiles an application's components for every processor of an architecture that is not this machine's. A program of
/// its own does it, because the compilers for all architectures would make every program of the workspace larger.
pub(crate) fn compile_ahead(architecture: Architecture, application: &Path, directory: &Path) -> Result<()> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        .args(["build", "--locked"])
        .args(COMPILER);
    command_line::note(format_args!(
        "building the compiler of the component for {} (some minutes at first)\n{}",
        architecture.name(),
        typed(&command)
    ));
    let mut compiler = Command::new(cargo::built_program(&mut command)?);
    compiler.arg(architecture.processor()).arg(application).arg(directory);
    command::run(&mut compiler)
}
