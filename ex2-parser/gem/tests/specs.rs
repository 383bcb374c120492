//! Runs the commands of the gem's README: they build the library, run the example and run the specs. The specs run once
//! more with the garbage collector under stress. The library is the one that was built with this test.
//!
//!     cargo test -p wasm-host

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use system::workspace;

const README: &str = include_str!("../README.md");

/// The time limit of a command in seconds. The specs take two minutes.
const TIME_LIMIT: &str = "600";

/// The commands in the README.
fn commands() -> Vec<&'static str> {
    README
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
        .map(|line| line.split(" # ").next().unwrap_or(line).trim())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Runs a command line in the workspace's root, with the library in `directory`.
fn run(command: &str, directory: &Path) -> Output {
    let this = env::current_exe().expect("a test knows where it lies");
    let built: PathBuf = this.with_file_name("libwasm_host.so");
    // No process of the command outlives the command or this test, even if the test is killed.
    let output = Command::new("bwrap")
        .args([
            "--dev-bind",
            "/",
            "/",
            "--proc",
            "/proc",
            "--unshare-pid",
            "--die-with-parent",
        ])
        .args(["timeout", "--kill-after=10", TIME_LIMIT, "sh", "-c", command])
        .current_dir(workspace())
        .env("LANG", "C.UTF-8")
        // Ruby derives the name of what it calls first from the file's.
        .env("WASM_HOST_LIBRARY", directory.join("wasm_host.so"))
        .env("WASM_HOST_PROFILE", "dev")
        // The library is already built, so cargo has nothing to do.
        .env("WASM_HOST_BUILT", &built)
        .env("WASM_HOST_CARGO_ARGUMENTS", "--help")
        .env_remove("STATS_TRACKER_CACHE_DIR")
        .output()
        .expect("bwrap can be run: cargo xtask setup installs it");
    println!(
        "$ {command}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

#[test]
fn the_readmes_commands_work() {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let commands = commands();
    assert_eq!(commands.len(), 4, "{commands:?}");
    for command in commands {
        let output = run(command, directory.path());
        let said = String::from_utf8_lossy(&output.stdout);
        if command.ends_with(" doc") && !output.status.success() {
            // No set-up step installs this.
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(message.starts_with("rake doc needs YARD"), "{message}");
            assert!(!message.contains("rake aborted"), "{message}");
            eprintln!("`{command}` was not run: {}", message.trim());
            continue;
        }
        assert!(output.status.success(), "`{command}` ended with {}", output.status);
        if command.contains("hello.rb") {
            assert_eq!(said, "Hello World from WebAssembly!\n");
        }
        if command.ends_with(" spec") {
            let summaries: Vec<&str> = said.lines().filter(|line| line.contains(" examples, ")).collect();
            assert_eq!(summaries.len(), 2, "{summaries:?}");
            // A run without examples, or with skipped ones, is a failure.
            for summary in summaries {
                assert!(
                    !summary.starts_with("0 examples") && summary.ends_with(" 0 failures"),
                    "not every example ran: {summary}"
                );
                eprintln!("{summary}");
            }
        }
    }
}

#[test]
fn the_gem_builds_into_the_checkout() {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    run("rake -f ex2-parser/gem/Rakefile compile", directory.path());
    let script = "WasmHost::Module.new(%q[(module (func))], cache: true)";
    let command = format!(
        "HOME={home} XDG_CACHE_HOME={home} ruby -Iex2-parser/gem/lib -rwasm_host -e '{script}'",
        home = home.path().display()
    );
    assert!(run(&command, directory.path()).status.success());
    let left: Vec<_> = home.path().read_dir().expect("it can be read").collect();
    assert!(left.is_empty(), "{left:?}");
}
