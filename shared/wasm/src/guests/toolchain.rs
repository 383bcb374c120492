//! The compiler for wasm32-wasip1.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guests::guest::Target;

/// The target triple of every guest.
pub(crate) const TRIPLE: &str = "wasm32-wasip1";

/// The features of WebAssembly that guests use beyond version 1.0. All engines of this project support them.
pub(crate) const FEATURES: &str = "-Ctarget-feature=+simd128,+bulk-memory,+sign-ext,+nontrapping-fptoint";

/// Replaces cargo's directory of crate sources in a program's messages.
pub(crate) const CRATES: &str = "/crates";
/// Replaces this workspace's directory in a program's messages.
pub(crate) const WORKSPACE: &str = "/stats-tracker";

/// The separator of the flags in [`RUSTFLAGS`].
const SEPARATOR: &str = "\x1f";

/// Debian's compiler (package rustc-web), which need not be the first on the PATH.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Debian's cargo (package cargo-web).
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
/// The standard library's source (package rust-web-src).
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
/// The C library for WASI (package wasi-libc).
const DEBIAN_LIBC: &str = "/usr/lib/wasm32-wasi";

/// A toolchain that compiles for wasm32-wasip1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The compiler on the PATH has the target's standard library, as after `rustup target add wasm32-wasip1`.
    Installed,
    /// Debian's compiler, which builds the standard library from its source.
    Debian {
        /// The linker of rustup's toolchain: Debian's `wasm-ld` does not find the C library.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// The toolchain of this machine: the one on the PATH, or else Debian's. `None` if neither is complete.
    pub fn find() -> Option<Self> {
        if library_directory().is_some_and(|directory| holds_standard_library(&directory)) {
            return Some(Self::Installed);
        }
        let linker = linker()?;
        let complete = debian_cargo().is_some() && Path::new(DEBIAN_LIBC).exists();
        (complete && linker.is_file()).then_some(Self::Debian { linker })
    }

    /// The begin of the cargo command that builds a guest, and the arguments for rustc after `--`.
    pub(crate) fn command(&self, target: Target) -> (Command, Vec<OsString>) {
        let mut command;
        let mut arguments = Vec::new();
        match self {
            Self::Installed => {
                command = Command::new("cargo");
                command.env(RUSTFLAGS, rustflags([FEATURES.into()]));
                command.arg("rustc");
            }
            Self::Debian { linker } => {
                command = debian_command();
                command.env("CARGO_TARGET_WASM32_WASIP1_LINKER", linker);
                let libc = format!("-L{DEBIAN_LIBC}").into();
                command.env(
                    RUSTFLAGS,
                    rustflags([FEATURES.into(), "-Clink-self-contained=no".into(), libc]),
                );
                command.args(["rustc", "-Zbuild-std=std,panic_abort"]);
                if target == Target::Program {
                    arguments.push(format!("-Clink-arg={DEBIAN_LIBC}/crt1-command.o").into());
                }
            }
        }
        command.args(["--target", TRIPLE]);
        (command, arguments)
    }
}

/// Debian's cargo with Debian's compiler. It can build the standard library from its source, for any target. `None` if one
/// of the three is missing.
pub fn debian_cargo() -> Option<Command> {
    let is_installed = |path: &&str| Path::new(path).exists();
    let complete = [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_SOURCE].iter().all(is_installed);
    complete.then(debian_command)
}

fn debian_command() -> Command {
    let mut command = Command::new(DEBIAN_CARGO);
    // Building the standard library is unstable. This variable allows it with a stable compiler.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN_RUSTC);
    command
}

/// The variable for rustc's flags. Unlike `RUSTFLAGS` it allows flags with spaces.
pub const RUSTFLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";

/// A value for [`RUSTFLAGS`]: `flags`, and flags that replace this machine's directories in a program's messages by
/// fixed names. So the same source gives the same program on every machine.
pub fn rustflags(flags: impl IntoIterator<Item = OsString>) -> OsString {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    // The parent of all registries' directories: cargo creates those only when it needs them.
    let crates = home.map(|home| renamed(&home.join("registry/src"), CRATES));
    let workspace = renamed(system::workspace(), WORKSPACE);
    let flags: Vec<_> = flags.into_iter().chain(crates).chain([workspace]).collect();
    flags.join(OsStr::new(SEPARATOR))
}

fn renamed(directory: &Path, name: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(directory);
    flag.push("=");
    flag.push(name);
    flag
}

fn print_from_rustc(arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new("rustc")
        .args(arguments)
        .env_remove("RUSTC_WRAPPER")
        .output()
        .ok()?;
    let printed = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(printed.trim_end()))
}

/// The directory where the PATH's compiler expects the target's standard library.
fn library_directory() -> Option<PathBuf> {
    print_from_rustc(&["--print", "target-libdir", "--target", TRIPLE])
}

fn holds_standard_library(directory: &Path) -> bool {
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    std::fs::read_dir(directory).is_ok_and(|files| {
        files
            .flatten()
            .any(|file| file.file_name().to_str().is_some_and(is_std))
    })
}

/// The linker that comes with the PATH's compiler.
fn linker() -> Option<PathBuf> {
    let libraries = print_from_rustc(&["--print", "target-libdir"])?;
    Some(libraries.parent()?.join("bin").join("rust-lld"))
}
