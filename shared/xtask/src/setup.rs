//! What a machine needs beside Rust, and installing it with the system's package manager.

use std::env;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::run::{announce_and_run, bold};

/// What the machine is set up for. Each needs all that the ones before it need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Building and running the examples.
    Demo,
    /// Running every check.
    Test,
}

/// Something that the project uses and does not bring along.
struct Need {
    purpose: Purpose,
    name: &'static str,
    why: &'static str,
    /// Debian's packages that bring it.
    packages: &'static [&'static str],
    /// What to type where there is no Debian.
    elsewhere: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: [Need; 4] = [
    Need {
        purpose: Purpose::Demo,
        name: "a C compiler and linker",
        why: "Rust links programs with it",
        packages: &["build-essential"],
        elsewhere: "install gcc or clang",
        is_there: || on_path("cc"),
    },
    Need {
        purpose: Purpose::Demo,
        name: "a Rust standard library for wasm32-wasip1",
        why: "the WebAssembly guests are compiled with it",
        packages: &["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"],
        elsewhere: "rustup target add wasm32-wasip1",
        is_there: || guests::Toolchain::find().is_some(),
    },
    Need {
        purpose: Purpose::Test,
        name: "a C++ compiler",
        why: "the fuzz target links libFuzzer",
        packages: &["build-essential"],
        elsewhere: "install g++ or clang++",
        is_there: || on_path("c++"),
    },
    Need {
        purpose: Purpose::Test,
        name: "Chromium and ChromeDriver",
        why: "the tests load ex1-hello's page in a real browser",
        packages: &["chromium", "chromium-driver"],
        elsewhere: "install Chromium and the ChromeDriver of the same version",
        is_there: || on_path("chromium") && on_path("chromedriver"),
    },
];

/// How packages can be installed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Installer {
    /// `apt-get`, as root.
    Root,
    /// `sudo apt-get`, which asks for no password.
    Sudo,
    /// Someone has to type the commands.
    Nobody,
}

impl Installer {
    fn find() -> Self {
        if !on_path("apt-get") {
            Self::Nobody
        } else if succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"])) {
            Self::Root
        } else if succeeds(Command::new("sudo").args(["--non-interactive", "true"])) {
            Self::Sudo
        } else {
            Self::Nobody
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

/// Installs what is missing for `purpose`. Does nothing, silently, where nothing is missing.
pub(crate) fn install(purpose: Purpose) -> Result<()> {
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    anstream::eprint!("{}", describe(&missing));
    let installer = Installer::find();
    if installer == Installer::Nobody {
        bail!("setting this machine up needs you: type the commands above, then the same command again");
    }
    // Package lists may be old or, in a container image, not there at all.
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
        .filter(|need| !(need.is_there)())
        .map(|need| need.name)
        .collect();
    if !still_missing.is_empty() {
        bail!(
            "installed, and still not found: {}; instead you can type:\n{}",
            still_missing.join(", "),
            by_hand(&missing)
        );
    }
    Ok(())
}

/// What [`install`] would do.
pub(crate) fn plan(purpose: Purpose) -> String {
    let missing = missing(purpose);
    if missing.is_empty() {
        "nothing is missing\n".to_owned()
    } else {
        describe(&missing)
    }
}

fn missing(purpose: Purpose) -> Vec<&'static Need> {
    NEEDS
        .iter()
        .filter(|need| need.purpose <= purpose && !(need.is_there)())
        .collect()
}

fn packages(needs: &[&Need]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = needs.iter().flat_map(|need| need.packages).copied().collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn describe(needs: &[&Need]) -> String {
    let mut text = bold("missing on this machine:") + "\n";
    for need in needs {
        let _ = writeln!(text, "  {}: {}", need.name, need.why);
    }
    text + &by_hand(needs)
}

/// The commands for somebody who types them.
fn by_hand(needs: &[&Need]) -> String {
    let elsewhere: Vec<&str> = needs.iter().map(|need| need.elsewhere).collect();
    format!(
        "on Debian:  sudo apt-get update && sudo apt-get install {}\nelsewhere:  {}\n",
        packages(needs).join(" "),
        elsewhere.join("; ")
    )
}

fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(Path::new(program)).is_file())
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_says_why_and_what_to_type() {
        let all: Vec<&Need> = NEEDS.iter().collect();
        let text = describe(&all);
        for need in NEEDS {
            assert!(
                text.contains(need.why) && text.contains(need.elsewhere),
                "{}",
                need.name
            );
            assert!(
                need.packages.iter().all(|package| text.contains(package)),
                "{}",
                need.name
            );
        }
    }

    #[test]
    fn packages_are_named_once() {
        let all: Vec<&Need> = NEEDS.iter().collect();
        let packages = packages(&all);
        assert_eq!(
            packages.iter().filter(|package| **package == "build-essential").count(),
            1
        );
    }

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program"));
    }
}
