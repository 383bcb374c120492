//! Tests of the command line.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};

fn ruby_in_wasm() -> Command {
    Command::cargo_bin("ruby-in-wasm").unwrap()
}

/// Whether Ruby can be fetched. If not, prints that the test is skipped. The failures of fetching have their own tests
/// below.
fn has_ruby() -> bool {
    let output = ruby_in_wasm().args(["-e", ""]).output().unwrap();
    match output.status.code() {
        Some(0) => true,
        Some(69) => {
            eprintln!(
                "SKIPPED, the program is not tested: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            false
        }
        _ => panic!("{output:?}"),
    }
}

fn run(code: &str) -> assert_cmd::assert::Assert {
    ruby_in_wasm().args(["-e", code]).assert()
}

#[test]
fn a_script_has_streams_arguments_and_a_name() {
    if !has_ruby() {
        return;
    }
    run("puts 'Hello World from WebAssembly!'")
        .success()
        .stdout("Hello World from WebAssembly!\n")
        .stderr("");
    run("print 'no end of line'").success().stdout("no end of line");
    run("warn 'oh'").success().stdout("").stderr("oh\n");
    ruby_in_wasm()
        .args(["-e", "p $stdin.gets, ARGV, $0", "one", "--two", "it's \\ €"])
        .write_stdin("Grüße\n")
        .assert()
        .success()
        .stdout("\"Grüße\\n\"\n[\"one\", \"--two\", \"it's \\\\ €\"]\n\"-e\"\n");

    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("own.rb");
    fs::write(&script, "p __FILE__, ARGV\nraise 'oh'\n").unwrap();
    ruby_in_wasm()
        .arg(&script)
        .arg("one")
        .assert()
        .code(1)
        .stdout("\"/script/own.rb\"\n[\"one\"]\n")
        .stderr(contains("/script/own.rb:2").and(contains("oh (RuntimeError)")));
}

#[test]
fn a_script_ends_with_its_own_exit_code() {
    if !has_ruby() {
        return;
    }
    run("puts 1; exit 3").code(3).stdout("1\n").stderr("");
    run("exit!").code(1);
    run("exit! 4").code(4);
    run("abort 'bye'").code(1).stderr("bye\n");
    run("puts 1; raise 'oh'")
        .code(1)
        .stdout("1\n")
        .stderr(contains("oh (RuntimeError)"));
    run("puts 'unfinished")
        .code(1)
        .stdout(is_empty())
        .stderr(contains("SyntaxError").or(contains("syntax error")));
    run("require 'js'; JS.global")
        .code(65)
        .stdout(is_empty())
        .stderr(contains("this host does not have"));
    run("p File.read('/etc/passwd'), ENV.to_h").code(1).stdout(is_empty());
}

#[test]
fn a_script_that_never_ends_is_stopped() {
    if !has_ruby() {
        return;
    }
    for code in ["loop {}", "sleep", "loop { puts 1 }"] {
        ruby_in_wasm()
            .args(["--time-limit", "1", "-e", code])
            .assert()
            .code(65)
            .stderr(contains("not done within 1 s"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_stdout_is_no_failure_and_a_full_one_is() {
    use std::process::{Command as Process, Stdio};

    if !has_ruby() {
        return;
    }
    let program = || Process::new(assert_cmd::cargo::cargo_bin("ruby-in-wasm"));
    let mut process = program()
        .args(["-e", "loop { puts 1 }"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");

    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = program().args(["-e", "puts 1"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(74), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("can't be written"));
}

#[test]
fn a_module_that_is_not_ruby_is_refused_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.wasm");
    let refused = |bytes: &[u8], code: i32, why: &str| {
        fs::write(&path, bytes).unwrap();
        ruby_in_wasm()
            .arg("--module")
            .arg(&path)
            .args(["-e", "puts 1"])
            .assert()
            .code(code)
            .stdout(is_empty())
            .stderr(contains(why));
    };
    for bytes in [&b""[..], b"text", b"\0asm", b"\0asm\x01\0\0\0\x7f", &[0xff; 1000]] {
        refused(bytes, 65, "own.wasm: it is not a valid module");
    }
    let module = |text: &str| wat::parse_str(text).unwrap();
    refused(&module("(module)"), 65, "memory");
    refused(
        &module(r#"(module (memory (export "memory") 1))"#),
        65,
        "exports no \"cabi_realloc\"",
    );
    refused(
        &module(r#"(module (import "env" "exec" (func)) (memory (export "memory") 1))"#),
        65,
        "linked",
    );
    refused(&module(r#"(module (memory (export "memory") 65536))"#), 65, "linked");
    ruby_in_wasm()
        .args(["--module", "/nowhere/ruby.wasm", "-e", "1"])
        .assert()
        .code(66)
        .stderr(contains("can't be read"));
}

/// Runs the program with an empty cache, and a PATH with only `npm`: a script, or none.
#[cfg(unix)]
fn with_npm(script: Option<&str>) -> assert_cmd::assert::Assert {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    if let Some(script) = script {
        let npm = directory.path().join("npm");
        fs::write(&npm, script).unwrap();
        fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let assert = ruby_in_wasm()
        .env("PATH", directory.path())
        .env("STATS_TRACKER_CACHE_DIR", directory.path().join("cache"))
        .args(["-e", "puts 1"])
        .assert()
        .stdout(is_empty());
    assert_nothing_is_cached(&directory.path().join("cache/npm"));
    assert
}

#[cfg(unix)]
fn assert_nothing_is_cached(directory: &Path) {
    let names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["lock"]);
}

#[cfg(unix)]
#[test]
fn a_failed_fetch_is_reported_with_the_next_step() {
    with_npm(None)
        .code(69)
        .stderr(contains("npm can't be started").and(contains("cargo xtask setup")));
    with_npm(Some("#!/bin/sh\necho no network >&2\nexit 1\n"))
        .code(69)
        .stderr(
            contains("no network")
                .and(contains("npm could not fetch"))
                .and(contains("npm pack")),
        );
    with_npm(Some("#!/bin/sh\nexit 0\n"))
        .code(69)
        .stderr(contains("0 files came"));
    with_npm(Some("#!/bin/sh\necho another > package.tgz\n"))
        .code(69)
        .stderr(contains("is not what was published").and(contains("sha512-")));
}

#[test]
fn mistakes_on_the_command_line_exit_with_64_and_help_with_0() {
    for arguments in [&[][..], &["--unknown"], &["--time-limit", "0", "-e", "1"]] {
        ruby_in_wasm().args(arguments).assert().code(64).stdout(is_empty());
    }
    ruby_in_wasm()
        .arg("/nowhere/own.rb")
        .assert()
        .code(66)
        .stdout(is_empty());
    ruby_in_wasm().arg("--help").assert().success().stdout(contains("FILE"));
    ruby_in_wasm()
        .args(["--completions", "fish"])
        .assert()
        .success()
        .stdout(contains("ruby-in-wasm"));
}
