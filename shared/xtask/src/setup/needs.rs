//! The software that the project needs on a machine.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use system::{architecture::Architecture, debian_root};
use wasm::guests;

use crate::run::bold;
use crate::selection::ruby_can_be_embedded;

/// The Rails application, relative to the workspace.
pub(super) const RAILS: &str = "ex3-stats-tracker/rails";

/// The purpose of a set-up. Each purpose includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Building and running the examples.
    Demo,
    /// Giving the talk.
    Talk,
    /// Writing the talk into files, one of them a PDF.
    Print,
    /// Running all checks and benches.
    Test,
}

/// The architecture of the images that is not this machine's.
const OTHER: Architecture = if cfg!(target_arch = "aarch64") {
    Architecture::Amd64
} else {
    Architecture::Arm64
};

/// Software that the project needs on the machine.
pub(super) struct Need {
    purpose: Purpose,
    pub(super) name: &'static str,
    why: &'static str,
    /// Debian's packages of it.
    packages: &'static [&'static str],
    /// The instruction for other systems.
    elsewhere: &'static str,
    pub(super) is_installed: fn() -> bool,
}

const NEEDS: [Need; 22] = [
    Need {
        purpose: Purpose::Demo,
        name: "a C compiler and linker",
        why: "Rust links programs with it",
        packages: &["build-essential"],
        elsewhere: "install gcc or clang",
        is_installed: || on_path("cc"),
    },
    Need {
        purpose: Purpose::Demo,
        name: "a Rust standard library for wasm32-wasip1",
        why: "the WebAssembly guests are compiled with it",
        packages: &["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"],
        elsewhere: "rustup target add wasm32-wasip1",
        is_installed: || guests::Toolchain::find().is_some(),
    },
    Need {
        purpose: Purpose::Demo,
        name: "the programs that build and run a Debian root with Rails",
        why: "the dashboard is a Rails application",
        packages: &["bubblewrap", "mmdebstrap", "uidmap"],
        elsewhere: "install Ruby 3.1 or newer, and run `bundle install` in ex3-stats-tracker/rails",
        is_installed: || {
            on_path(debian_root::BUILDER) && on_path(debian_root::RUNNER) || own_ruby_has_the_gems(Path::new(RAILS))
        },
    },
    Need {
        purpose: Purpose::Demo,
        name: "npm",
        why: "the dashboard's charts, the slides and Ruby as WebAssembly are npm packages",
        packages: &["npm"],
        elsewhere: "install Node.js 18 or newer",
        is_installed: || on_path("node") && on_path("npm"),
    },
    Need {
        purpose: Purpose::Test,
        name: "a C++ compiler",
        why: "the fuzz target links libFuzzer",
        packages: &["build-essential"],
        elsewhere: "install g++ or clang++",
        is_installed: || on_path("c++"),
    },
    Need {
        purpose: Purpose::Test,
        name: "Debian's Rust compiler with the source of its standard library, and an emulator of processors",
        why: "the images are for 64-bit x86 and 64-bit Arm, and the parser uses the instructions of both",
        packages: &["cargo-web", "qemu-user", "rust-web-src", "rustc-web"],
        elsewhere: "only Debian has it; without, the tests of the other architecture are skipped",
        is_installed: || {
            let emulator = format!("qemu-{}", OTHER.processor());
            !cfg!(target_os = "linux") || guests::debian_cargo().is_some() && on_path(&emulator)
        },
    },
    Need {
        purpose: Purpose::Test,
        name: "a linker and a C library for the other architecture of the images",
        why: "programs for it are linked with them",
        packages: match OTHER {
            Architecture::Amd64 => &["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross"],
            Architecture::Arm64 => &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
        },
        elsewhere: "only Debian's are used; without, the tests of the other architecture are skipped",
        is_installed: || !cfg!(target_os = "linux") || on_path(&OTHER.c_compiler()),
    },
    Need {
        purpose: Purpose::Test,
        name: "Valgrind",
        why: "it counts the instructions of a native program, for the exact figures beside ex2-parser",
        packages: &["valgrind"],
        elsewhere: "install Valgrind; where there is none, these counts are not compared",
        is_installed: || !cfg!(target_os = "linux") || on_path("valgrind"),
    },
    Need {
        purpose: Purpose::Print,
        name: "Chromium and ChromeDriver",
        why: "it prints the slides, and the tests load ex1-hello's page, the dashboard and the slides in it",
        packages: &["chromium", "chromium-driver", "chromium-headless-shell"],
        elsewhere: "install Chromium and the ChromeDriver of the same version",
        is_installed: || on_path("chromium") && on_path("chromedriver"),
    },
    Need {
        purpose: Purpose::Test,
        name: "PostgreSQL",
        why: "the dashboard's tests run on PostgreSQL and on SQLite",
        packages: &["postgresql"],
        elsewhere: "install PostgreSQL 13 or newer, with initdb on the PATH",
        is_installed: || on_path("initdb") || !find("/usr/lib/postgresql", "bin/initdb").is_empty(),
    },
    Need {
        purpose: Purpose::Test,
        name: "Ruby with its headers, and libclang",
        why: "the build of the gem needs them, and the benches embed Ruby",
        packages: &["libclang-dev", "ruby", "ruby-dev"],
        elsewhere: "install Ruby 3.1 or newer with its headers, and libclang",
        is_installed: || ruby_can_be_embedded() && has_libclang(),
    },
    Need {
        purpose: Purpose::Test,
        name: "RSpec, Nokogiri and HTree",
        why: "the gem's specs, and the parsers that the benches compare",
        packages: &["ruby-htree", "ruby-nokogiri", "ruby-rspec"],
        elsewhere: "gem install rspec nokogiri",
        is_installed: || ruby("require 'nokogiri'; require 'htree'; require 'rspec/core'"),
    },
    Need {
        purpose: Purpose::Test,
        name: "RuboCop",
        why: "it checks the dashboard's Ruby code",
        packages: &["rubocop"],
        elsewhere: "gem install rubocop",
        is_installed: || on_path("rubocop"),
    },
    Need {
        purpose: Purpose::Test,
        name: "Go 1.21 or newer",
        why: "Helm and Kubernetes are built from their Go modules, to test the chart; one of the parser's hosts is in Go",
        packages: &["golang-go"],
        elsewhere: "install Go from https://go.dev/dl",
        is_installed: || go_fetches_toolchains(),
    },
    Need {
        purpose: Purpose::Test,
        name: "Python with pip",
        why: "one of the hosts of the parser's module is in Python",
        packages: &["python3", "python3-pip"],
        elsewhere: "install Python 3.11 or newer with pip",
        is_installed: || succeeds(Command::new("python3").args(["-m", "pip", "--version"])),
    },
    Need {
        purpose: Purpose::Test,
        name: "a JDK and Maven",
        why: "one of the hosts of the parser's module is in Java",
        packages: &["default-jdk-headless", "maven"],
        elsewhere: "install a JDK 17 or newer, and Maven",
        is_installed: || on_path("javac") && on_path("mvn"),
    },
    Need {
        purpose: Purpose::Test,
        name: "etcd",
        why: "the API server of the chart's tests stores its objects there",
        packages: &["etcd-server"],
        elsewhere: "install etcd 3.4 or newer",
        is_installed: || on_path("etcd"),
    },
    Need {
        purpose: Purpose::Test,
        name: "promtool",
        why: "it runs the tests of the chart's alerts",
        packages: &["prometheus"],
        elsewhere: "install Prometheus",
        is_installed: || on_path("promtool"),
    },
    Need {
        purpose: Purpose::Test,
        name: "skopeo, umoci, and the programs that build and run a Debian root",
        why: "the tests read, unpack and run the container images with them",
        packages: &["bubblewrap", "mmdebstrap", "skopeo", "uidmap", "umoci"],
        elsewhere: "install bubblewrap, mmdebstrap, skopeo and umoci",
        is_installed: || {
            [debian_root::BUILDER, debian_root::RUNNER, "skopeo", "umoci"]
                .iter()
                .all(|program| on_path(program))
        },
    },
    Need {
        purpose: Purpose::Test,
        name: "the registry of the Distribution project",
        why: "a release is published in it, and installed from it",
        packages: &["docker-registry"],
        elsewhere: "go install github.com/distribution/distribution/v3/cmd/registry@latest, under the name docker-registry",
        is_installed: || on_path("docker-registry"),
    },
    Need {
        purpose: Purpose::Test,
        name: "containerd and runc",
        why: "a node runs the chart's pods with them, if the tests run as root",
        packages: &["containerd", "runc"],
        elsewhere: "install containerd and runc",
        is_installed: || !is_root() || on_path("containerd") && on_path("runc"),
    },
    Need {
        purpose: Purpose::Test,
        name: "an init process, a network, DNS and a firewall for a node's pods",
        why: "the pods must reach each other, if the tests run as root",
        packages: &[
            "catatonit",
            "containernetworking-plugins",
            "dnsmasq-base",
            "iproute2",
            "nftables",
        ],
        elsewhere: "install catatonit, the CNI plugins in /usr/lib/cni, dnsmasq, iproute2 and nftables",
        is_installed: || {
            let programs = ["catatonit", "dnsmasq", "ip", "nft"];
            !is_root() || Path::new("/usr/lib/cni/ptp").exists() && programs.iter().all(|program| on_path(program))
        },
    },
];

pub(super) fn missing(purpose: Purpose) -> Vec<&'static Need> {
    NEEDS
        .iter()
        .filter(|need| need.purpose <= purpose && !(need.is_installed)())
        .collect()
}

pub(super) fn packages(needs: &[&Need]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = needs.iter().flat_map(|need| need.packages).copied().collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

pub(super) fn describe(needs: &[&Need]) -> String {
    let mut text = bold("missing on this machine:") + "\n";
    for need in needs {
        let _ = writeln!(text, "  {}: {}", need.name, need.why);
    }
    text + &by_hand(needs)
}

/// The commands for an installation by the user.
pub(super) fn by_hand(needs: &[&Need]) -> String {
    let elsewhere: Vec<&str> = needs.iter().map(|need| need.elsewhere).collect();
    format!(
        "on Debian:  sudo apt-get update && sudo apt-get install {}\nelsewhere:  {}\n",
        packages(needs).join(" "),
        elsewhere.join("; ")
    )
}

pub(super) fn is_root() -> bool {
    succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]))
}

pub(super) fn on_path(program: &str) -> bool {
    which::which(program).is_ok()
}

/// The existing paths `inside`, relative to each directory in `parent`.
fn find(parent: &str, inside: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().join(inside))
        .filter(|path| path.exists())
        .collect()
}

/// Whether libclang is in Debian's directory, or its path is set.
fn has_libclang() -> bool {
    env::var_os("LIBCLANG_PATH").is_some()
        || ["lib/libclang.so", "lib/libclang.dylib"]
            .iter()
            .any(|file| !find("/usr/lib", file).is_empty())
}

/// Whether Go is installed in a version that fetches the toolchain of a module: 1.21 was the first.
fn go_fetches_toolchains() -> bool {
    let output = Command::new("go")
        .args(["env", "GOVERSION"])
        .stdin(Stdio::null())
        .output();
    output.is_ok_and(|output| is_new_enough_go(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Whether a version such as `go1.26.8` is at least 1.21. A development version has no number, and is not.
fn is_new_enough_go(version: &str) -> bool {
    let minor = version
        .strip_prefix("go1.")
        .and_then(|rest| rest.split(|character: char| !character.is_ascii_digit()).next());
    minor
        .and_then(|minor| minor.parse::<u32>().ok())
        .is_some_and(|minor| minor >= 21)
}

/// Whether the machine's own Ruby runs a line of code without an error.
fn ruby(line: &str) -> bool {
    succeeds(Command::new("ruby").args(["-e", line]))
}

pub(super) fn own_ruby_has_the_gems(directory: &Path) -> bool {
    succeeds(Command::new("bundle").arg("check").current_dir(directory))
}

pub(super) fn succeeds(command: &mut Command) -> bool {
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
    fn every_need_has_a_reason_and_instructions() {
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
    fn packages_are_listed_once() {
        let all: Vec<&Need> = NEEDS.iter().collect();
        let packages = packages(&all);
        assert_eq!(
            packages.iter().filter(|package| **package == "build-essential").count(),
            1
        );
    }

    #[test]
    fn an_old_go_is_not_enough() {
        assert!(is_new_enough_go("go1.21") && is_new_enough_go("go1.26.8") && is_new_enough_go("go1.25rc1"));
        assert!(!is_new_enough_go("go1.19.8") && !is_new_enough_go("") && !is_new_enough_go("devel"));
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program"));
    }
}
