//! What a machine needs beside Rust: installing it with the system's package manager, and then what is built from it.

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
use crate::run::{Cargo, announce_and_run, bold};
use crate::selection::ruby_can_be_embedded;

/// The program that the demo runs.
pub(crate) const TRACKER: &str = "ex3-stats-tracker";

/// The Rails application, from the workspace's root.
const RAILS: &str = "ex3-stats-tracker/rails";

/// What the machine is set up for. Each needs all that the ones before it need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Building and running the examples.
    Demo,
    /// Running every check, and every bench.
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

const NEEDS: [Need; 16] = [
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
        purpose: Purpose::Demo,
        name: "what puts Debian's Rails beside the machine's own programs",
        why: "the dashboard is a Rails application",
        packages: &["bubblewrap", "mmdebstrap", "uidmap"],
        elsewhere: "install Ruby 3.1 or newer, and run `bundle install` in ex3-stats-tracker/rails",
        is_there: || {
            on_path(debian_root::BUILDER) && on_path(debian_root::RUNNER) || own_ruby_has_the_gems(Path::new(RAILS))
        },
    },
    Need {
        purpose: Purpose::Demo,
        name: "npm",
        why: "the dashboard's charts come from it, and so does Ruby as WebAssembly",
        packages: &["npm"],
        elsewhere: "install Node.js 18 or newer",
        is_there: || on_path("node") && on_path("npm"),
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
        why: "the tests load ex1-hello's page and the dashboard in a real browser",
        packages: &["chromium", "chromium-driver"],
        elsewhere: "install Chromium and the ChromeDriver of the same version",
        is_there: || on_path("chromium") && on_path("chromedriver"),
    },
    Need {
        purpose: Purpose::Test,
        name: "PostgreSQL",
        why: "the dashboard's tests run on it as well as on SQLite",
        packages: &["postgresql"],
        elsewhere: "install PostgreSQL 13 or newer, with initdb on the PATH",
        is_there: || on_path("initdb") || !find("/usr/lib/postgresql", "bin/initdb").is_empty(),
    },
    Need {
        purpose: Purpose::Test,
        name: "Ruby with its headers, and libclang",
        why: "the gem is built against them, and the benches have Ruby in their own process",
        packages: &["libclang-dev", "ruby", "ruby-dev"],
        elsewhere: "install Ruby 3.1 or newer with its headers, and libclang",
        is_there: || ruby_can_be_embedded() && has_libclang(),
    },
    Need {
        purpose: Purpose::Test,
        name: "RSpec, Nokogiri and HTree",
        why: "the gem's specs, and the parsers that the benches compare",
        packages: &["ruby-htree", "ruby-nokogiri", "ruby-rspec"],
        elsewhere: "gem install rspec nokogiri",
        is_there: || ruby("require 'nokogiri'; require 'htree'; require 'rspec/core'"),
    },
    Need {
        purpose: Purpose::Test,
        name: "RuboCop",
        why: "the checks read the dashboard's Ruby with it",
        packages: &["rubocop"],
        elsewhere: "gem install rubocop",
        is_there: || on_path("rubocop"),
    },
    Need {
        purpose: Purpose::Test,
        name: "Go 1.21 or newer",
        why: "Helm and Kubernetes are built from their own modules, to test the chart",
        packages: &["golang-go"],
        elsewhere: "install Go from https://go.dev/dl",
        is_there: || go_fetches_newer_ones(),
    },
    Need {
        purpose: Purpose::Test,
        name: "etcd",
        why: "the API server that the chart is tested on keeps its objects there",
        packages: &["etcd-server"],
        elsewhere: "install etcd 3.4 or newer",
        is_there: || on_path("etcd"),
    },
    Need {
        purpose: Purpose::Test,
        name: "promtool",
        why: "the chart's alerts have tests of their own, which it runs",
        packages: &["prometheus"],
        elsewhere: "install Prometheus",
        is_there: || on_path("promtool"),
    },
    Need {
        purpose: Purpose::Test,
        name: "skopeo, umoci, and what makes and runs a Debian root",
        why: "the container images are read and unpacked as registries and runtimes do, and run",
        packages: &["bubblewrap", "mmdebstrap", "skopeo", "uidmap", "umoci"],
        elsewhere: "install bubblewrap, mmdebstrap, skopeo and umoci",
        is_there: || {
            [debian_root::BUILDER, debian_root::RUNNER, "skopeo", "umoci"]
                .iter()
                .all(|program| on_path(program))
        },
    },
    Need {
        purpose: Purpose::Test,
        name: "containerd and runc",
        why: "a node runs the chart's pods with them, where the tests run as root",
        packages: &["containerd", "runc"],
        elsewhere: "install containerd and runc",
        is_there: || !is_root() || on_path("containerd") && on_path("runc"),
    },
    Need {
        purpose: Purpose::Test,
        name: "what gives a node's pods addresses, names and somebody who waits for them",
        why: "they have to reach each other, where the tests run as root",
        packages: &[
            "catatonit",
            "containernetworking-plugins",
            "dnsmasq-base",
            "iproute2",
            "nftables",
        ],
        elsewhere: "install catatonit, the CNI plugins in /usr/lib/cni, dnsmasq, iproute2 and nftables",
        is_there: || {
            let programs = ["catatonit", "dnsmasq", "ip", "nft"];
            !is_root() || Path::new("/usr/lib/cni/ptp").exists() && programs.iter().all(|program| on_path(program))
        },
    },
];

/// Something that is built from what the packages brought.
struct Step {
    purpose: Purpose,
    name: &'static str,
    why: &'static str,
    is_done: fn(&Path) -> bool,
    run: fn(&Cargo, &Path) -> Result<()>,
}

const STEPS: [Step; 4] = [
    Step {
        purpose: Purpose::Demo,
        name: "Debian's Rails, in a directory of its own",
        why: "the dashboard runs in it, apart from the machine's own programs",
        is_done: |workspace| {
            let root = || DebianRoot::find().is_some() && env::var_os("CI").is_none();
            own_ruby_has_the_gems(&workspace.join(RAILS)) || root()
        },
        // By cargo, so that it lies where everything looks for it that cargo runs.
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
            ensure!(status.success(), "it ended with {status}; what it said stands above");
            Ok(())
        },
    },
    Step {
        purpose: Purpose::Demo,
        name: "the dashboard's npm packages",
        why: "uPlot draws the charts, esbuild bundles the scripts",
        is_done: |workspace| workspace.join(RAILS).join("node_modules/.package-lock.json").is_file(),
        run: |_, workspace| npm(workspace, &["ci", "--no-audit", "--no-fund"]),
    },
    Step {
        purpose: Purpose::Demo,
        name: "the dashboard's scripts and styles",
        why: "the browser is sent them as they are built",
        is_done: |workspace| is_newer_than_sources(&workspace.join(RAILS)),
        run: |_, workspace| npm(workspace, &["run", "--silent", "build"]),
    },
    Step {
        purpose: Purpose::Test,
        name: "cargo-deny",
        why: "looks at the dependencies' licences and sources (once; some minutes)",
        is_done: |_| deny::program().is_some(),
        run: |_, _| deny::install(),
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
        } else if is_root() {
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

/// Installs what is missing for `purpose`, and builds what is to be built from it. Does nothing, silently, where
/// nothing is missing.
pub(crate) fn set_up(purpose: Purpose, cargo: &Cargo, workspace: &Path) -> Result<()> {
    rename_old_cache(&cargo.target_directory()?);
    install(purpose)?;
    build(purpose, cargo, workspace)
}

/// Sets up what the demo needs, and starts it with `run`. The first time, what takes minutes is built side by side.
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
        // Much of it compiles one crate after another, so another build has room beside it. The tracker builds the
        // component where it is missing: it waits for this build, and says what is wrong where that fails.
        scope.spawn(|| guests::SPIN_COMPONENT.build());
        build(Purpose::Demo, cargo, workspace)?;
        run()
    })
}

/// Takes the steps that are not done.
fn build(purpose: Purpose, cargo: &Cargo, workspace: &Path) -> Result<()> {
    for step in STEPS {
        if step.purpose <= purpose && !(step.is_done)(workspace) {
            command_line::note(format_args!("{}: {}", bold(step.name), step.why));
            (step.run)(cargo, workspace).with_context(|| format!("{} can't be built", step.name))?;
        }
    }
    Ok(())
}

/// The cache was called `kept` once. What is in it takes half an hour to make again.
fn rename_old_cache(target: &Path) {
    let new = target.join("cache");
    if !new.exists() {
        // Without an old cache, or where it can't be renamed, a new one is made.
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

/// What [`set_up`] would do.
pub(crate) fn plan(purpose: Purpose, workspace: &Path) -> String {
    let mut text = String::new();
    let missing = missing(purpose);
    if !missing.is_empty() {
        text += &describe(&missing);
    }
    let left: Vec<&Step> = STEPS
        .iter()
        .filter(|step| step.purpose <= purpose && !(step.is_done)(workspace))
        .collect();
    if !left.is_empty() {
        text += &(bold("to be built:") + "\n");
        for step in left {
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

fn is_root() -> bool {
    succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]))
}

fn on_path(program: &str) -> bool {
    which::which(program).is_ok()
}

/// The files `inside` of any directory in `parent`.
fn find(parent: &str, inside: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().join(inside))
        .filter(|path| path.exists())
        .collect()
}

/// Where Debian has it, or where it was said to be.
fn has_libclang() -> bool {
    env::var_os("LIBCLANG_PATH").is_some()
        || ["lib/libclang.so", "lib/libclang.dylib"]
            .iter()
            .any(|file| !find("/usr/lib", file).is_empty())
}

/// Whether there is a Go that fetches the version a module asks for by itself: 1.21 was the first.
fn go_fetches_newer_ones() -> bool {
    let said = Command::new("go")
        .args(["env", "GOVERSION"])
        .stdin(Stdio::null())
        .output();
    said.is_ok_and(|said| is_new_enough_go(String::from_utf8_lossy(&said.stdout).trim()))
}

/// `go1.26.8`: nothing before 1.21, and no development version, whose name has no number.
fn is_new_enough_go(version: &str) -> bool {
    let minor = version
        .strip_prefix("go1.")
        .and_then(|rest| rest.split(|character: char| !character.is_ascii_digit()).next());
    minor
        .and_then(|minor| minor.parse::<u32>().ok())
        .is_some_and(|minor| minor >= 21)
}

/// Whether the machine's own Ruby runs a line without an error.
fn ruby(line: &str) -> bool {
    succeeds(Command::new("ruby").args(["-e", line]))
}

fn own_ruby_has_the_gems(directory: &Path) -> bool {
    succeeds(Command::new("bundle").arg("check").current_dir(directory))
}

fn npm(workspace: &Path, arguments: &[&str]) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(workspace.join(RAILS));
    let status = announce_and_run(&mut npm)?;
    if !status.success() {
        bail!("npm ended with {status}; what it said stands above");
    }
    Ok(())
}

/// Whether the built scripts and styles are newer than what they are built from.
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
    fn an_old_go_is_none() {
        assert!(is_new_enough_go("go1.21") && is_new_enough_go("go1.26.8") && is_new_enough_go("go1.25rc1"));
        assert!(!is_new_enough_go("go1.19.8") && !is_new_enough_go("") && !is_new_enough_go("devel"));
    }

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program"));
    }
}
