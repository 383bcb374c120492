//! Code that this workspace's sources must not contain.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use system::workspace;

/// Parts of paths that are not checked: the output of a guest goes to its host, and that of a test to cargo.
const EXCLUDED: [&str; 5] = ["/tests/", "/tests.rs", "/benches/", "ex1-hello/guest/", "/examples/"];

/// The sources of the programs, each up to its tests.
fn sources() -> Vec<(PathBuf, String)> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "charts/*.rs",
            "ex1-hello/*.rs",
            "ex3-stats-tracker/images/*.rs",
            "shared/*.rs",
        ])
        .current_dir(workspace())
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let of_programs = listed
        .lines()
        .filter(|path| !EXCLUDED.iter().any(|part| path.contains(part)));
    let sources: Vec<_> = of_programs
        .filter_map(|path| {
            let text = fs::read_to_string(workspace().join(path)).ok()?;
            let tests = ["#[cfg(test)]\nmod ", "#[cfg(all(test, unix))]\nmod "];
            let end = tests.iter().filter_map(|tests| text.find(tests)).min();
            let before = &text[..end.unwrap_or(text.len())];
            Some((path.into(), before.to_owned()))
        })
        .collect();
    assert!(sources.len() > 100, "{} sources", sources.len());
    sources
}

fn lines_with(found: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, text) in sources() {
        let numbered = (1..).zip(text.lines());
        let fits = numbered.filter(|(_, line)| !line.trim_start().starts_with("//") && found(line));
        lines.extend(fits.map(|(number, line)| format!("{}:{number}: {}", path.display(), line.trim())));
    }
    lines
}

/// `println!` and similar macros panic on a closed pipe (`| head -0`) or a full disk. `command_line::print` and
/// `command_line::note` don't.
#[test]
fn no_macro_that_can_panic_is_used_for_printing() {
    let macros = ["println!(", "eprintln!(", "print!(", "eprint!("];
    let lines = lines_with(|line| {
        macros.iter().any(|name| {
            let at = line.find(name);
            // Neither as the end of another word nor in a string.
            at.is_some_and(|at| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') && !line[..at].contains('"')
            })
        })
    });
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// `command_line::causes` prints an error with its causes. Unlike `{error:#}` it does not repeat a cause that a message
/// contains already.
#[test]
fn no_error_is_printed_with_repeated_causes() {
    let lines = lines_with(|line| line.contains("{error:#}"));
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
