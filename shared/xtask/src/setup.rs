//! Sets up a machine: installs software with the system's package manager, then builds what depends on it.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use system::command_line;
use system::debian_root::{self, DebianRoot};
use wasm::guests;

use crate::deny;
use crate::hosts;
use crate::run::{Cargo, announce_and_run, bold};
use crate::selection::ruby_can_be_embedded;

/// The program that the demo runs.
pub(crate) const TRACKER: &str = "ex3-stats-tracker";

/// The Rails application, relative to the workspace.
const RAILS: &str = "ex3-stats-tracker/rails";

/// The talk.
const SLIDES: &str = "slides";

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

/// Software that the project needs on the machine.
struct Need {
    purpose: Purpose,
    name: &'static str,
    why: &'static str,
    /// Debian's packages of it.
    packages: &'static [&'static str],
    /// The instruction for other systems.
    elsewhere: &'static str,
    is_installed: fn() -> bool,
}

const NEEDS: [Need; 19] = [
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
        name: "a linker for 64-bit Arm, and an emulator",
        why: "the parser uses that processor's instructions, too",
        packages: &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user"],
        elsewhere: "on a machine with such a processor the tests run as they are; elsewhere this one is skipped",
        is_installed: || !cfg!(target_os = "linux") || on_path("aarch64-linux-gnu-gcc") && on_path("qemu-aarch64"),
    },
    Need {
        purpose: Purpose::Print,
        name: "Chromium and ChromeDriver",
        why: "it prints the slides, and the tests load ex1-hello's page, the dashboard and the slides in it",
        packages: &["chromium", "chromium-driver"],
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
        elsewhere: "install Python 3.9 or newer with pip",
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

/// A step after the installation, which needs the installed software.
struct Step {
    purpose: Purpose,
    name: &'static str,
    why: &'static str,
    is_done: fn(&Path) -> bool,
    run: fn(&Cargo, &Path) -> Result<()>,
}

/// What npm is asked for to get exactly what a lock file names, and to ask nobody else.
const NPM_CI: [&str; 3] = ["ci", "--no-audit", "--no-fund"];

const STEPS: [Step; 6] = [
    Step {
        purpose: Purpose::Demo,
        name: "a Debian root with Rails",
        why: "the dashboard runs in it, separate from the machine's own programs",
        is_done: |workspace| {
            let root = || DebianRoot::find().is_some() && env::var_os("CI").is_none();
            own_ruby_has_the_gems(&workspace.join(RAILS)) || root()
        },
        // By cargo, so that the root is in the cache of the programs that cargo runs.
        run: |cargo, _| {
            let status = announce_and_run(&mut cargo.command(&[
                "run",
                "--quiet",
                "-p",
                "system",
                "--bin",
                "debian-root",
                "--",
                "--build",
            ]))?;
            ensure!(status.success(), "it ended with {status}; its messages are above");
            Ok(())
        },
    },
    Step {
        purpose: Purpose::Demo,
        name: "the dashboard's npm packages",
        why: "uPlot draws the charts, esbuild bundles the scripts",
        is_done: |workspace| workspace.join(RAILS).join("node_modules/.package-lock.json").is_file(),
        run: |_, workspace| npm(&workspace.join(RAILS), &NPM_CI),
    },
    Step {
        purpose: Purpose::Demo,
        name: "the dashboard's scripts and styles",
        why: "the browser loads the built files",
        is_done: |workspace| is_newer_than_sources(&workspace.join(RAILS)),
        run: |_, workspace| npm(&workspace.join(RAILS), &["run", "--silent", "build"]),
    },
    Step {
        purpose: Purpose::Talk,
        name: "the slides' npm packages",
        why: "reveal.js shows the slides, esbuild bundles them",
        is_done: |workspace| has_the_locked_packages(&workspace.join(SLIDES)),
        run: |_, workspace| npm(&workspace.join(SLIDES), &NPM_CI),
    },
    Step {
        purpose: Purpose::Test,
        name: "cargo-deny",
        why: "it checks the dependencies' licences and sources (once; some minutes)",
        is_done: |_| deny::program().is_some(),
        run: |_, _| deny::install(),
    },
    Step {
        purpose: Purpose::Test,
        name: "the libraries of the parser's hosts",
        why: "wasmtime for Python, wazero for Go, Endive for Java, and the HTML parsers to compare with",
        is_done: hosts::is_prepared,
        run: |_, workspace| hosts::prepare(workspace),
    },
];

/// The way to install packages on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Installer {
    /// `apt-get`, as root.
    Root,
    /// `sudo apt-get` without a password.
    Sudo,
    /// The user must type the commands.
    Manual,
}

impl Installer {
    fn find() -> Self {
        if !on_path("apt-get") {
            Self::Manual
        } else if is_root() {
            Self::Root
        } else if succeeds(Command::new("sudo").args(["--non-interactive", "true"])) {
            Self::Sudo
        } else {
            Self::Manual
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

/// Installs and builds what is missing for `purpose`. Prints nothing if nothing is missing.
pub(crate) fn set_up(purpose: Purpose, cargo: &Cargo, workspace: &Path) -> Result<()> {
    rename_old_cache(&cargo.target_directory()?);
    install(purpose)?;
    build(purpose, cargo, workspace)
}

/// Sets up what the demo needs, and starts it with `run`. The first time, the long builds run in parallel.
pub(crate) fn demo(cargo: &Cargo, workspace: &Path, run: impl FnOnce() -> Result<ExitCode>) -> Result<ExitCode> {
    let target = cargo.target_directory()?;
    if !target.join("debug").join(TRACKER).is_file() {
        command_line::note(
            "The first time this takes about 9 minutes on two cores, most of them for a WebAssembly engine and Rust's \
             standard library as WebAssembly; later it takes seconds.",
        );
    }
    rename_old_cache(&target);
    install(Purpose::Demo)?;
    thread::scope(|scope| {
        // This build often compiles one crate at a time, so that another build can use the other cores. The tracker
        // also builds a missing component: it waits for this build, and reports its failure.
        scope.spawn(|| guests::SPIN_COMPONENT.build());
        build(Purpose::Demo, cargo, workspace)?;
        run()
    })
}

/// Runs the steps that are not done.
fn build(purpose: Purpose, cargo: &Cargo, workspace: &Path) -> Result<()> {
    for step in STEPS {
        if step.purpose <= purpose && !(step.is_done)(workspace) {
            command_line::note(format_args!("{}: {}", bold(step.name), step.why));
            (step.run)(cargo, workspace).with_context(|| format!("{} can't be built", step.name))?;
        }
    }
    Ok(())
}

/// Renames the cache's old directory `kept`. Building its content again would take half an hour.
fn rename_old_cache(target: &Path) {
    let new = target.join("cache");
    if !new.exists() {
        // Without an old cache, or if it can't be renamed, a new one is built.
        _ = fs::rename(target.join("kept"), new);
    }
}

fn install(purpose: Purpose) -> Result<()> {
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    command_line::note(describe(&missing).trim_end());
    let installer = Installer::find();
    if installer == Installer::Manual {
        bail!("packages can't be installed without you: type the commands above, then this command again");
    }
    // The package lists can be old, or missing in a container image.
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
        .filter(|need| !(need.is_installed)())
        .map(|need| need.name)
        .collect();
    if !still_missing.is_empty() {
        bail!(
            "installed, but still not found: {}; instead you can type:\n{}",
            still_missing.join(", "),
            by_hand(&missing)
        );
    }
    Ok(())
}

/// A description of what [`set_up`] would do.
pub(crate) fn plan(purpose: Purpose, workspace: &Path) -> String {
    let mut text = String::new();
    let missing = missing(purpose);
    if !missing.is_empty() {
        text += &describe(&missing);
    }
    let open: Vec<&Step> = STEPS
        .iter()
        .filter(|step| step.purpose <= purpose && !(step.is_done)(workspace))
        .collect();
    if !open.is_empty() {
        text += &(bold("to be built:") + "\n");
        for step in open {
            let _ = writeln!(text, "  {}: {}", step.name, step.why);
        }
    }
    if text.is_empty() {
        text += "nothing is missing\n";
    }
    text
}

fn missing(purpose: Purpose) -> Vec<&'static Need> {
    NEEDS
        .iter()
        .filter(|need| need.purpose <= purpose && !(need.is_installed)())
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

/// The commands for an installation by the user.
fn by_hand(needs: &[&Need]) -> String {
    let elsewhere: Vec<&str> = needs.iter().map(|need| need.elsewhere).collect();
    format!(
        "on Debian:  sudo apt-get update && sudo apt-get install {}\nelsewhere:  {}\n",
        packages(needs).join(" "),
        elsewhere.join("; ")
    )
}

fn is_root() -> bool {
    succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]))
}

fn on_path(program: &str) -> bool {
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

fn own_ruby_has_the_gems(directory: &Path) -> bool {
    succeeds(Command::new("bundle").arg("check").current_dir(directory))
}

fn npm(directory: &Path, arguments: &[&str]) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(directory);
    let status = announce_and_run(&mut npm)?;
    if !status.success() {
        bail!("npm ended with {status}; its messages are above");
    }
    Ok(())
}

/// Whether npm has installed what the lock file names: it notes at the end what it installed.
fn has_the_locked_packages(directory: &Path) -> bool {
    let modified = |file: &str| directory.join(file).metadata().and_then(|metadata| metadata.modified());
    match (
        modified("package-lock.json"),
        modified("node_modules/.package-lock.json"),
    ) {
        (Ok(wanted), Ok(installed)) => installed >= wanted,
        _ => false,
    }
}

/// Whether the built scripts and styles are newer than their sources.
fn is_newer_than_sources(rails: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    let Ok(built) = modified(&rails.join("public/assets/manifest.json")) else {
        return false;
    };
    let mut sources = vec![
        rails.join("app/assets"),
        rails.join("app/javascript"),
        rails.join("package-lock.json"),
    ];
    while let Some(source) = sources.pop() {
        if modified(&source).is_ok_and(|changed| changed > built) {
            return false;
        }
        sources.extend(
            fs::read_dir(&source)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path()),
        );
    }
    true
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
    fn an_old_cache_is_renamed_once() {
        let target = tempfile::tempdir().unwrap();
        let entry = |directory: &str| target.path().join(directory).join("entry");
        rename_old_cache(target.path());
        assert!(!target.path().join("cache").exists());
        for (directory, text) in [("kept", "first"), ("kept", "second")] {
            fs::create_dir_all(target.path().join(directory)).unwrap();
            fs::write(entry(directory), text).unwrap();
            rename_old_cache(target.path());
            assert_eq!(fs::read_to_string(entry("cache")).unwrap(), "first");
        }
    }

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
    fn packages_are_installed_again_after_the_lock_file_has_changed() {
        let directory = tempfile::tempdir().unwrap();
        let lock = directory.path().join("package-lock.json");
        let installed = directory.path().join("node_modules/.package-lock.json");
        let now = std::time::SystemTime::now();
        let write = |path: &Path, seconds_ago: u64| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let at = now - std::time::Duration::from_secs(seconds_ago);
            fs::File::create(path).unwrap().set_modified(at).unwrap();
        };
        assert!(!has_the_locked_packages(directory.path()));
        write(&lock, 100);
        assert!(!has_the_locked_packages(directory.path()));
        write(&installed, 50);
        assert!(has_the_locked_packages(directory.path()));
        write(&lock, 10);
        assert!(!has_the_locked_packages(directory.path()));
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
