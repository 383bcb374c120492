//! The toolchain that builds a program for an architecture.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};
use system::architecture::Architecture;
use wasm::guests;

/// The directory of Debian's compilers.
const PROGRAMS: &str = "/usr/bin";

/// The begin of the command that builds a program for Linux on an architecture. For another architecture than this
/// machine's it is Debian's cargo, which builds the standard library, too.
///
/// # Errors
///
/// If a part of the toolchain is missing.
pub(crate) fn cargo_build(architecture: Architecture) -> Result<Command> {
    let target = architecture.target();
    let mut command;
    if Architecture::here() == Some(architecture) {
        command = Command::new("cargo");
        command.arg("build");
    } else {
        let linker = Path::new(PROGRAMS).join(architecture.c_compiler());
        let (Some(cargo), true) = (guests::debian_cargo(), linker.exists()) else {
            bail!(
                "programs for {} can't be built here: Debian's Rust with the source of its standard library (the packages \
                 rustc-web, cargo-web and rust-web-src) or {} is missing; run `cargo xtask setup`",
                architecture.name(),
                linker.display()
            );
        };
        command = cargo;
        command
            .args(["build", "-Zbuild-std=std,panic_unwind"])
            .env(linker_variable(&target), linker)
            .env_remove("RUSTC_WRAPPER");
    }
    command.args(["--target", &target]);
    Ok(command)
}

/// Cargo's variable of the linker for a target.
fn linker_variable(target: &str) -> String {
    format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_is_that_of_the_target() {
        assert_eq!(
            linker_variable(&Architecture::Arm64.target()),
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"
        );
    }

    #[test]
    fn this_machines_programs_are_built_by_the_cargo_on_the_path() {
        if let Some(here) = Architecture::here() {
            let command = cargo_build(here).unwrap();
            let arguments: Vec<_> = command.get_args().collect();
            assert_eq!(command.get_program(), "cargo");
            assert_eq!(arguments, ["build", "--target", &here.target()]);
        }
    }
}
