//! Tests of the command line: output and exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};
use system::processes::copy_program;

const LINE: &str = "Hello World from WebAssembly!\n";

/// The two imports, for modules with a single fault.
const IMPORTS: &str = r#"(import "console" "log" (func $log (param i32 i32))) (import "js" "mem" (memory 1))"#;

fn ex1_hello() -> Command {
    Command::cargo_bin("ex1-hello").unwrap()
}

/// A directory with one module in it.
fn module(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.wat");
    fs::write(&path, text).unwrap();
    (directory, path)
}

/// Runs a faulty module, and asserts an empty stdout, one line on stderr with the file and the reason, and the exit
/// code for bad data.
fn assert_refused(text: &str, why: &str) {
    let (_directory, path) = module(text);
    assert_file_refused(&path, 65, why);
}

fn assert_file_refused(path: &Path, code: i32, why: &str) {
    ex1_hello()
        .arg("--time-limit=60")
        .arg("--")
        .arg(path)
        .assert()
        .code(code)
        .stdout(is_empty())
        .stderr(
            predicate::str::starts_with("error: ")
                .and(contains(why))
                .and(contains("own")),
        )
        .stderr(predicate::function(|stderr: &str| stderr.lines().count() == 1));
}

#[test]
fn prints_the_line() {
    ex1_hello().assert().success().stdout(LINE).stderr("");
    ex1_hello()
        .args(["--guest", "wat"])
        .assert()
        .success()
        .stdout(LINE)
        .stderr("");
}

#[test]
fn prints_the_line_from_cached_code_and_from_damaged_cached_code() {
    let cache = tempfile::tempdir().unwrap();
    let run = || {
        ex1_hello()
            .args(["--guest", "wat"])
            .env("STATS_TRACKER_CACHE_DIR", cache.path())
            .assert()
            .success()
            .stdout(LINE)
            .stderr("")
    };
    let entries = || -> Vec<PathBuf> {
        fs::read_dir(cache.path().join("compiled-code"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    run();
    let [entry] = &entries()[..] else {
        panic!("one module is in the cache")
    };
    let whole = fs::read(entry).unwrap();
    run();

    for damaged in [&whole[..whole.len() / 2], &b""[..], &b"foreign"[..]] {
        fs::write(entry, damaged).unwrap();
        run();
        assert_eq!(fs::read(entry).unwrap().len(), whole.len(), "the entry was replaced");
    }
    assert_eq!(entries().len(), 1, "nothing else is left behind");
}

#[test]
fn prints_the_line_without_a_usable_cache() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "in the way of a directory").unwrap();
    ex1_hello()
        .args(["--guest", "wat"])
        .env("STATS_TRACKER_CACHE_DIR", &file)
        .assert()
        .success()
        .stdout(LINE)
        .stderr(contains("warning"));
}

#[test]
fn the_caches_old_variable_is_answered_with_its_new_name() {
    let directory = tempfile::tempdir().unwrap();
    ex1_hello()
        .args(["--guest", "wat"])
        .env("STATS_TRACKER_KEPT", directory.path())
        .assert()
        .success()
        .stdout(LINE)
        .stderr(contains("STATS_TRACKER_KEPT").and(contains("called STATS_TRACKER_CACHE_DIR now")));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn runs_a_module_of_the_readers_own_as_text_and_as_binary() {
    let text = format!(
        r#"(module {IMPORTS} (data (i32.const 8) "Grüße") (func (export "helloWorld") (call $log (i32.const 8) (i32.const 7))))"#
    );
    let (directory, path) = module(&text);
    ex1_hello().arg(&path).assert().success().stdout("Grüße\n");

    let binary = directory.path().join("own.wasm");
    fs::write(&binary, wat::parse_str(&text).unwrap()).unwrap();
    ex1_hello().arg(&binary).assert().success().stdout("Grüße\n");
}

/// The host only gets an offset and a length, and does not know where a text ends, as README.md explains.
#[test]
fn a_length_can_reach_beyond_the_text_to_the_memorys_end() {
    let says = |length: u32| {
        let text = format!(
            r#"(module {IMPORTS} (data (i32.const 0) "Hello") (func (export "helloWorld") (call $log (i32.const 0) (i32.const {length}))))"#
        );
        module(&text)
    };
    for (length, line) in [(2, "He\n"), (5, "Hello\n"), (8, "Hello\0\0\0\n")] {
        let (_directory, path) = says(length);
        ex1_hello().arg(&path).assert().success().stdout(line);
    }
    let (_directory, path) = says(65_537);
    let refused = ex1_hello().arg(&path).assert().code(65).stdout("");
    refused.stderr(contains("the text must be within the memory"));
}

/// As with `| head -0`.
#[test]
fn a_closed_pipe_is_no_failure() {
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for arguments in [&[][..], &["qr"], &["--help"], &["--completions", "bash"]] {
        let ended = std::process::Command::new(env!("CARGO_BIN_EXE_ex1-hello"))
            .args(arguments)
            .stdout(gone())
            .stderr(gone())
            .status()
            .unwrap();
        assert_eq!(ended.code(), Some(0), "{arguments:?}");
    }
    let refused = std::process::Command::new(env!("CARGO_BIN_EXE_ex1-hello"))
        .arg("no-such-file")
        .stderr(gone())
        .status()
        .unwrap();
    assert_eq!(refused.code(), Some(66), "not a panic's 101");
}

#[test]
fn without_a_home_nothing_is_cached_and_the_line_is_printed() {
    // The program is outside of the target directory, which would have a cache.
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("ex1-hello");
    copy_program(Path::new(env!("CARGO_BIN_EXE_ex1-hello")), &program).unwrap();
    let shared = std::env::temp_dir().join("stats-tracker");
    let before = shared.exists();
    Command::new(program)
        .args(["--guest", "wat"])
        .env_clear()
        .assert()
        .success()
        .stdout(LINE)
        .stderr("");
    assert_eq!(shared.exists(), before, "nothing is put where everybody can write");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_module_that_lacks_an_import_is_refused() {
    assert_refused(r#"(module (func (export "helloWorld")))"#, "console");
    assert_refused(
        r#"(module (import "console" "log" (func (param i32 i32))) (func (export "helloWorld")))"#,
        r#"doesn't import the memory "js" "mem""#,
    );
}

#[test]
fn a_module_with_an_unknown_import_is_refused() {
    assert_refused(
        &format!(r#"(module {IMPORTS} (import "env" "exec" (func)) (func (export "helloWorld")))"#),
        r#"imports a function "env" "exec""#,
    );
    // A name that would move the cursor, and one that would fill the screen.
    assert_refused(
        &format!(r#"(module {IMPORTS} (import "\1b[2J\0a" "x" (func)))"#),
        r"\u{1b}[2J\n",
    );
    assert_refused(
        &format!(r#"(module {IMPORTS} (import "{}" "x" (func)))"#, "x".repeat(5_000)),
        "xxx…",
    );
}

#[test]
fn a_module_that_exports_no_hello_world_is_refused() {
    assert_refused(
        &format!(r#"(module {IMPORTS} (func (export "hello_world")))"#),
        r#"doesn't export a function "helloWorld""#,
    );
    assert_refused(
        &format!(r#"(module {IMPORTS} (func (export "helloWorld") (param i32)))"#),
        "without parameters",
    );
}

#[test]
fn a_module_that_passes_an_offset_outside_its_memory_is_refused() {
    for (offset, length) in [(65_536, 1), (65_530, 7), (-1, 1), (0, -1), (i32::MIN, i32::MIN)] {
        assert_refused(
            &format!(
                r#"(module {IMPORTS} (func (export "helloWorld") (call $log (i32.const {offset}) (i32.const {length}))))"#
            ),
            "the text must be within the memory",
        );
    }
}

#[test]
fn a_module_that_passes_other_bytes_than_text_is_refused() {
    assert_refused(
        &format!(
            r#"(module {IMPORTS} (data (i32.const 0) "\ff\fe") (func (export "helloWorld") (call $log (i32.const 0) (i32.const 2))))"#
        ),
        "not UTF-8",
    );
}

#[test]
fn a_module_that_never_returns_is_stopped() {
    for text in [
        format!(r#"(module {IMPORTS} (func (export "helloWorld") (loop (br 0))))"#),
        format!(r#"(module {IMPORTS} (func $forever (loop (br 0))) (start $forever) (func (export "helloWorld")))"#),
    ] {
        let (_directory, path) = module(&text);
        ex1_hello()
            .args(["--time-limit", "1"])
            .arg(&path)
            .assert()
            .code(65)
            .stdout(is_empty())
            .stderr(contains("own.wat: the module was not done within 1 s"));
    }
}

#[test]
fn a_module_that_prints_without_end_is_stopped() {
    let (_directory, path) = module(&format!(
        r#"(module {IMPORTS} (func (export "helloWorld") (loop (call $log (i32.const 0) (i32.const 9999)) (br 0))))"#
    ));
    let assert = ex1_hello()
        .args(["--time-limit", "600"])
        .arg(&path)
        .assert()
        .code(65)
        .stderr(contains("printed more"));
    let printed = assert.get_output().stdout.len();
    assert!(printed > 0 && printed <= 1 << 20, "{printed}");
}

#[test]
fn a_module_that_traps_or_exceeds_a_limit_is_refused() {
    assert_refused(
        &format!(r#"(module {IMPORTS} (func (export "helloWorld") unreachable))"#),
        "stopped: unreachable",
    );
    assert_refused(
        &format!(r#"(module {IMPORTS} (func $f (export "helloWorld") (call $f)))"#),
        "call stack exhausted",
    );
    assert_refused(
        r#"(module (import "console" "log" (func (param i32 i32))) (import "js" "mem" (memory 65536)) (func (export "helloWorld")))"#,
        "exceeds the limits",
    );
    assert_refused(
        &format!(r#"(module {IMPORTS} (table 4000000000 funcref) (func (export "helloWorld")))"#),
        "exceeds the limits",
    );
}

#[test]
fn a_file_that_is_no_module_is_refused() {
    assert_refused("", "is empty");
    assert_refused("Hello World from WebAssembly!", "line 1, column 1, is not a module");
    assert_refused(
        &format!("(module {IMPORTS}\n  (func (export \"helloWorld\") (call $lag)))"),
        "line 2, column 37",
    );
    assert_refused("\0asm\x01\0\0\0\x7f", "not valid");
    assert_refused("(component)", "not valid");
    // Deeply nested: the assembler must reach its own limit before the stack overflows.
    assert_refused(
        &format!("(module (func {}", "(block ".repeat(200_000)),
        "is not a module",
    );

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.wasm");
    // Arbitrary bytes, a cut module, a wrong encoding.
    for bytes in [
        &[0xff, 0xfe, 0x28, 0x00][..],
        &[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a],
        &[0; 1000],
    ] {
        fs::write(&path, bytes).unwrap();
        assert_file_refused(&path, 65, "is not a module");
    }
    let whole = wat::parse_str(ex1_hello::source::HELLO_WAT).unwrap();
    for length in (4..whole.len()).step_by(9) {
        fs::write(&path, &whole[..length]).unwrap();
        ex1_hello().arg(&path).assert().code(65).stdout(is_empty());
    }
}

#[test]
fn a_file_that_is_too_large_or_endless_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.wat");
    fs::File::create(&path).unwrap().set_len(100_000_000).unwrap();
    assert_file_refused(&path, 65, "more than 4 MiB");

    if cfg!(unix) {
        ex1_hello()
            .arg("/dev/zero")
            .assert()
            .code(65)
            .stdout(is_empty())
            .stderr(contains("more than 4 MiB"));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    assert_file_refused(&directory.path().join("own.wat"), 66, "can't be read");
    assert_file_refused(&directory.path().join("missing/../own.wat"), 66, "can't be read");
    assert_file_refused(
        &directory.path().join(format!("own{}", "x".repeat(5_000))),
        66,
        "can't be read",
    );
    assert_file_refused(&directory.path().join("own\n\x1b[2J"), 66, r"own\n\u{1b}[2J");
    ex1_hello()
        .arg(directory.path())
        .assert()
        .code(66)
        .stdout(is_empty())
        .stderr(contains("name a file in it"));
}

#[test]
fn a_mistake_on_the_command_line_exits_with_64() {
    for arguments in [
        &["--unknown"][..],
        &["--guest", "cobol"],
        &["--time-limit", "0"],
        &["--time-limit", "soon"],
        &["serve", "--port", "65536"],
        &["qr", "one", "two"],
        &["one.wat", "two.wat"],
        &["--guest", "rust", "own.wat"],
        &["--completions", "tcl"],
    ] {
        ex1_hello()
            .args(arguments)
            .assert()
            .code(64)
            .stdout(is_empty())
            .stderr(contains("error: "));
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    for (arguments, says) in [
        (&["--help"][..], "hello.wat"),
        (&["-h"], "Usage"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["qr", "--help"], "--look"),
        (&["serve", "--help"], "--port"),
    ] {
        ex1_hello()
            .args(arguments)
            .assert()
            .success()
            .stdout(contains(says))
            .stderr("");
    }
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        ex1_hello()
            .args(["--completions", shell])
            .assert()
            .success()
            .stdout(contains("serve").and(contains("--guest").or(contains("guest"))))
            .stderr("");
    }
}

#[test]
fn a_closed_stdout_is_no_failure_and_a_full_one_is() {
    for arguments in [&[][..], &["qr"], &["--completions", "bash"], &["--help"]] {
        let mut process = Process::new(assert_cmd::cargo::cargo_bin("ex1-hello"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Closes the reading end. The program must not panic, whether it writes before or after that.
        drop(process.stdout.take());
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }

    if cfg!(target_os = "linux") {
        let full = || fs::File::options().write(true).open("/dev/full").unwrap();
        for arguments in [&[][..], &["qr"]] {
            let output = Process::new(assert_cmd::cargo::cargo_bin("ex1-hello"))
                .args(arguments)
                .stdout(full())
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(74), "{arguments:?}");
            assert!(
                String::from_utf8_lossy(&output.stderr).contains("can't be written"),
                "{output:?}"
            );
        }
    }
}

#[test]
fn the_rust_guest_prints_the_line() {
    // Builds the guest and wasi-host if needed, with messages on stderr.
    ex1_hello().args(["--guest", "rust"]).assert().success().stdout(LINE);
    ex1_hello()
        .args(["--guest", "rust"])
        .assert()
        .success()
        .stdout(LINE)
        .stderr("");
}
