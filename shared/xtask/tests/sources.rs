//! What no source of this workspace may say.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use system::workspace;

/// Guests print by WASI alone, and a test's output is cargo's to read.
const LEFT_OUT: [&str; 4] = ["/tests/", "/benches/", "ex1-hello/guest/", "/examples/"];

/// The programs' own sources, each up to its tests.
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
        .filter(|path| !LEFT_OUT.iter().any(|part| path.contains(part)));
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

/// `println!` and its like panic where nobody reads: `| head -0`, a full disk. `command_line::print` and
/// `command_line::note` don't.
#[test]
fn nothing_is_printed_by_what_panics() {
    let macros = ["println!(", "eprintln!(", "print!(", "eprint!("];
    let lines = lines_with(|line| {
        macros.iter().any(|name| {
            let at = line.find(name);
            // Not as the end of another word, nor in a text.
            at.is_some_and(|at| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') && !line[..at].contains('"')
            })
        })
    });
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// An error's causes are printed by `command_line::causes`, which says none of them twice: many a message contains its
/// cause already.
#[test]
fn no_error_is_printed_with_causes_that_its_message_contains() {
    let lines = lines_with(|line| line.contains("{error:#}"));
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
