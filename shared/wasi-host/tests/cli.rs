//! Tests of the command line, with WASI programs written for each test.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};

fn wasi_host() -> Command {
    Command::cargo_bin("wasi-host").unwrap()
}

/// A directory with one binary module in it.
fn program(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.wasm");
    fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
    (directory, path)
}

fn import(function: &str, parameters: usize) -> String {
    let parameters = "i32 ".repeat(parameters);
    format!(r#"(import "wasi_snapshot_preview1" "{function}" (func ${function} (param {parameters}) (result i32)))"#)
}

/// A program that writes `text` to a stream and exits with a code.
fn writes(stream: u32, text: &str, code: i32) -> String {
    format!(
        r#"(module {} (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
             (memory (export "memory") 1)
             (data (i32.const 0) "\10\00\00\00\{:02x}\00\00\00")
             (data (i32.const 16) "{text}")
             (func (export "_start")
               (drop (call $fd_write (i32.const {stream}) (i32.const 0) (i32.const 1) (i32.const 8)))
               (call $proc_exit (i32.const {code}))))"#,
        import("fd_write", 4),
        text.len(),
    )
}

#[test]
fn output_goes_to_its_stream_and_the_exit_code_is_the_programs() {
    for (stream, code) in [(1, 0), (2, 7), (1, 255)] {
        let (_directory, path) = program(&writes(stream, "Hello", code));
        let (stdout, stderr) = if stream == 1 { ("Hello", "") } else { ("", "Hello") };
        wasi_host().arg(&path).assert().code(code).stdout(stdout).stderr(stderr);
    }
}

#[test]
fn standard_input_and_arguments_are_passed_on() {
    // Reads up to 100 bytes and writes back what it read.
    let echo = format!(
        r#"(module {} {} (memory (export "memory") 1)
             (data (i32.const 0) "\10\00\00\00\64\00\00\00")
             (func (export "_start")
               (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
               (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#,
        import("fd_read", 4),
        import("fd_write", 4),
    );
    let (_directory, path) = program(&echo);
    wasi_host()
        .arg(&path)
        .write_stdin("Grüße")
        .assert()
        .success()
        .stdout("Grüße");

    // Writes its arguments as WASI stores them, each with a zero at its end.
    let arguments = format!(
        r#"(module {} {} {} (memory (export "memory") 1)
             (func (export "_start")
               (i32.store (i32.const 0) (i32.const 1000))
               (drop (call $args_sizes_get (i32.const 8) (i32.const 4)))
               (drop (call $args_get (i32.const 100) (i32.const 1000)))
               (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#,
        import("args_sizes_get", 2),
        import("args_get", 2),
        import("fd_write", 4),
    );
    let (_directory, path) = program(&arguments);
    wasi_host()
        .arg(&path)
        .args(["one", "--two", "-h", "drei €"])
        .assert()
        .success()
        .stdout("own.wasm\0one\0--two\0-h\0drei €\0");
}

#[test]
fn a_program_sees_no_file_and_no_environment() {
    // Exits with the error of opening a file, or with the number of environment variables.
    let opens = |path: &str, directory: u32| {
        format!(
            r#"(module
                 (import "wasi_snapshot_preview1" "path_open"
                   (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
                 (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
                 (memory (export "memory") 1) (data (i32.const 0) "{path}")
                 (func (export "_start")
                   (call $proc_exit (call $path_open (i32.const {directory}) (i32.const 0) (i32.const 0)
                     (i32.const {length}) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 100)))))"#,
            length = path.len(),
        )
    };
    for path in [
        "/etc/passwd",
        "etc/passwd",
        "../../../../etc/passwd",
        "/proc/self/environ",
    ] {
        for directory in 3..6 {
            let (_directory, path) = program(&opens(path, directory));
            wasi_host().arg(&path).assert().failure().code(predicate::ne(65));
        }
    }
    let counts = format!(
        r#"(module {} (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
             (memory (export "memory") 1)
             (func (export "_start")
               (drop (call $environ_sizes_get (i32.const 0) (i32.const 4)))
               (call $proc_exit (i32.load (i32.const 0)))))"#,
        import("environ_sizes_get", 2),
    );
    let (_directory, path) = program(&counts);
    wasi_host().env("SECRET", "x").arg(&path).assert().code(0);
}

#[test]
fn a_program_that_never_ends_is_stopped() {
    let (_directory, path) = program(r#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#);
    wasi_host()
        .args(["--time-limit", "1"])
        .arg(&path)
        .assert()
        .code(65)
        .stdout(is_empty())
        .stderr(contains("not done within 1 s"));
}

#[test]
fn a_module_that_cannot_run_is_refused_in_one_line() {
    for (text, why) in [
        (r#"(module (memory (export "memory") 1))"#, "no WASI command"),
        (
            r#"(module (memory (export "memory") 1) (func (export "_start") (param i32)))"#,
            "no WASI command",
        ),
        (
            r#"(module (memory (export "memory") 1) (func (export "_start") unreachable))"#,
            "stopped: unreachable",
        ),
        (
            r#"(module (import "env" "exec" (func)) (memory (export "memory") 1) (func (export "_start")))"#,
            "linked",
        ),
        (
            r#"(module (memory (export "memory") 65536) (func (export "_start")))"#,
            "linked",
        ),
        (r#"(module (func (export "_start")))"#, "memory"),
    ] {
        let (_directory, path) = program(text);
        wasi_host()
            .arg(&path)
            .assert()
            .code(65)
            .stdout(is_empty())
            .stderr(contains("own.wasm: ").and(contains(why)))
            .stderr(predicate::function(|stderr: &str| stderr.lines().count() == 1));
    }
}

#[test]
fn a_file_that_is_no_module_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.wasm");
    wasi_host()
        .arg(&path)
        .assert()
        .code(66)
        .stdout(is_empty())
        .stderr(contains("can't be read"));
    wasi_host().arg(directory.path()).assert().code(66).stdout(is_empty());
    for bytes in [&b""[..], b"text", b"\0asm", b"\0asm\x01\0\0\0\x7f", &[0xff; 1000]] {
        fs::write(&path, bytes).unwrap();
        wasi_host()
            .arg(&path)
            .assert()
            .code(65)
            .stdout(is_empty())
            .stderr(contains("own.wasm: "));
    }
    if cfg!(unix) {
        wasi_host()
            .arg("/dev/zero")
            .assert()
            .code(65)
            .stderr(contains("more than 256 MiB"));
    }
}

#[test]
fn mistakes_on_the_command_line_exit_with_64_and_help_with_0() {
    wasi_host().assert().code(64).stdout(is_empty());
    wasi_host().args(["--unknown"]).assert().code(64).stdout(is_empty());
    wasi_host().arg("--help").assert().success().stdout(contains("FILE"));
    wasi_host()
        .args(["--completions", "fish"])
        .assert()
        .success()
        .stdout(contains("wasi-host"));
}
