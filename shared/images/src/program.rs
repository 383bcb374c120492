//! The embedded host, built for an image.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::workspace;

/// The package, whose program has its name.
pub(crate) const PACKAGE: &str = "ex3-stats-tracker";

/// The profile in the workspace's `Cargo.toml`.
const PROFILE: &str = "image";

/// What rustc puts between two flags in `CARGO_ENCODED_RUSTFLAGS`, so that a flag may hold spaces.
const SEPARATOR: &str = "\x1f";

/// The target that images are built for: this machine's architecture, and Linux.
pub(crate) fn target() -> String {
    format!("{}-unknown-linux-gnu", env::consts::ARCH)
}

/// Builds it where that is due, and reads it. With its C library inside, so that the image needs none, and without what
/// only a workspace needs: a compiler, the dashboard, the stand-in.
pub(crate) fn build() -> Result<Vec<u8>> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        .args(["build", "--locked", "--profile", PROFILE, "--no-default-features"])
        .args(["--package", PACKAGE, "--bin", PACKAGE, "--target", &target()])
        // What cargo says it built, to read where it lies.
        .arg("--message-format=json-render-diagnostics")
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags()?);
    eprintln!(
        "$ cargo build --profile {PROFILE} --no-default-features -p {PACKAGE} --target {} (some minutes at first)",
        target()
    );
    let output = command
        .stderr(std::process::Stdio::inherit())
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

/// Has the tracker of this workspace, which has a compiler, compile an application into a directory.
pub(crate) fn compile(application: &Path, code: &Path) -> Result<()> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        .args(["run", "--quiet", "--locked", "--package", PACKAGE, "--", "compile"])
        .arg(application)
        .arg("--output")
        .arg(code);
    eprintln!("$ cargo run -p {PACKAGE} -- compile spin.toml");
    let status = command
        .status()
        .context("cargo can't be started; install Rust from https://rustup.rs")?;
    ensure!(status.success(), "it ended with {status}; what it said stands above");
    Ok(())
}

/// A line of cargo's, as far as it counts here.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// A static program, and names in place of this machine's directories, which would otherwise stand in its messages.
fn flags() -> Result<OsString> {
    let mut flags: Vec<OsString> = vec![
        "-Ctarget-feature=+crt-static".into(),
        renamed(workspace(), "/stats-tracker"),
    ];
    let sources = cargo_home()?.join("registry/src");
    let registries = fs::read_dir(&sources).with_context(|| format!("reading {}", sources.display()))?;
    let mut registries: Vec<_> = registries.flatten().map(|entry| entry.path()).collect();
    registries.sort();
    flags.extend(registries.iter().map(|registry| renamed(registry, "/crates")));
    Ok(flags.join(SEPARATOR.as_ref()))
}

fn renamed(directory: &Path, name: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(directory);
    flag.push("=");
    flag.push(name);
    flag
}

fn cargo_home() -> Result<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set; set one of them")
}
