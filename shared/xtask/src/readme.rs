//! Snippets and outputs in the READMEs, spliced from their sources.
//!
//! Between two markers stands a fenced block, whose content is replaced or compared:
//!
//! ````text
//! <!-- file: ex1-hello/hello.wat -->           a file, or with `#region` the lines between
//! ```wat                                       `region: NAME` and `endregion: NAME` in it
//! ```
//! <!-- end -->
//!
//! <!-- output: cargo run -q -p ex1-hello -->   what a command prints on standard output
//! ```text
//! ```
//! <!-- end -->
//! ````
//!
//! `cargo run -q -p NAME` in a command runs the program that the whole workspace's build made: cargo would build it once
//! more with the features of that package alone, which for the engines takes minutes and changes no output.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{Cargo, announce_and_run};

/// Builds every program with the workspace's features, as the tests do.
const BUILD: [&str; 7] = [
    "test",
    "--workspace",
    "--exclude",
    "parser-fuzz",
    "--all-targets",
    "--no-run",
    "--quiet",
];

/// How a command in a README runs one of the workspace's programs.
const RUN: &str = "cargo run -q -p ";

const END: &str = "<!-- end -->";

/// Where a block's content comes from.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    File { path: &'a str, region: Option<&'a str> },
    Output { command: &'a str },
}

impl<'a> Source<'a> {
    fn from_marker(line: &'a str) -> Option<Self> {
        let marker = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
        if let Some(command) = marker.strip_prefix("output: ") {
            return Some(Self::Output { command });
        }
        let file = marker.strip_prefix("file: ")?;
        Some(match file.split_once('#') {
            Some((path, region)) => Self::File {
                path,
                region: Some(region),
            },
            None => Self::File {
                path: file,
                region: None,
            },
        })
    }
}

/// Compares every README with its sources, or with `write` replaces what differs.
pub(crate) fn run(workspace: &Path, cargo: &Cargo, write: bool) -> Result<ExitCode> {
    let status = announce_and_run(&mut cargo.command(&BUILD))?;
    ensure!(
        status.success(),
        "the programs whose output the READMEs show can't be built"
    );
    let mut differing = 0;
    for readme in readmes(cargo)? {
        let path = workspace.join(&readme);
        let present = fs::read_to_string(&path).with_context(|| format!("{readme} can't be read"))?;
        let spliced = splice(&present, |source| content(source, workspace, cargo)).with_context(|| readme.clone())?;
        if present == spliced {
            continue;
        }
        if write {
            fs::write(&path, spliced).with_context(|| format!("{readme} can't be written"))?;
            eprintln!("{readme}: written");
        } else {
            differing += 1;
            eprintln!("{readme} differs from its sources:\n{}", difference(&present, &spliced));
        }
    }
    if differing > 0 {
        bail!("{differing} READMEs differ from their sources; `cargo xtask readme --write` splices them");
    }
    Ok(ExitCode::SUCCESS)
}

/// The Markdown files that git knows of, also those not yet committed.
fn readmes(cargo: &Cargo) -> Result<Vec<String>> {
    let listed = cargo
        .in_workspace("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"])
        .output()
        .context("git can't be started")?;
    ensure!(
        listed.status.success(),
        "git can't list the READMEs: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    Ok(String::from_utf8(listed.stdout)?.lines().map(str::to_owned).collect())
}

/// The text with every block's content replaced by what `content` says.
fn splice(text: &str, mut content: impl FnMut(Source<'_>) -> Result<String>) -> Result<String> {
    let mut result = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        result.push_str(line);
        result.push('\n');
        let Some(source) = Source::from_marker(line) else {
            continue;
        };
        let fence = lines.next().unwrap_or_default();
        ensure!(fence.starts_with("```"), "after `{line}` a fenced block must follow");
        lines
            .by_ref()
            .find(|line| *line == END)
            .with_context(|| format!("after `{line}` there is no `{END}`"))?;
        let content = content(source).with_context(|| line.to_owned())?;
        result.push_str(&format!("{fence}\n{}\n```\n{END}\n", content.trim_end()));
    }
    Ok(result)
}

fn content(source: Source<'_>, workspace: &Path, cargo: &Cargo) -> Result<String> {
    match source {
        Source::File { path, region } => {
            let text = fs::read_to_string(workspace.join(path)).with_context(|| format!("{path} can't be read"))?;
            region.map_or(Ok(text.clone()), |name| self::region(&text, name))
        }
        Source::Output { command } => {
            let xtask = env::current_exe()?;
            let programs = kept::target_directory(&xtask).context("xtask lies in no target directory")?;
            let command = with_built_programs(command, &programs.join("debug"));
            output(cargo.in_workspace("sh").args(["-c", &command]))
        }
    }
}

/// Replaces `cargo run -q -p NAME [--]` by the program of that name in `directory`.
fn with_built_programs(command: &str, directory: &Path) -> String {
    let mut parts = command.split(RUN);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, arguments) = part.split_at(part.find(' ').unwrap_or(part.len()));
        let arguments = arguments
            .strip_prefix(" --")
            .filter(|rest| rest.is_empty() || rest.starts_with(' '));
        let arguments = arguments.unwrap_or(&part[name.len()..]);
        result.push_str(&format!("'{}'{arguments}", directory.join(name).display()));
    }
    result
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the command ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// The lines between the two that name the region, with their common indentation removed.
fn region(text: &str, name: &str) -> Result<String> {
    let names = |line: &str, word: &str| line.trim_end().ends_with(&format!(" {word}: {name}"));
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| !names(line, "region"))
        .skip(1)
        .take_while(|line| !names(line, "endregion"))
        .collect();
    ensure!(!lines.is_empty(), "there is no region {name}, or nothing in it");
    let indentation = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min();
    let start = indentation.unwrap_or(0);
    Ok(lines
        .iter()
        .map(|line| line.get(start..).unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n"))
}

/// The first line that differs, from both.
fn difference(present: &str, spliced: &str) -> String {
    let (line, (present, spliced)) = present
        .lines()
        .map(Some)
        .chain([None])
        .zip(spliced.lines().map(Some).chain([None]))
        .enumerate()
        .find(|(_, (present, spliced))| present != spliced)
        .unwrap_or((0, (None, None)));
    format!(
        "line {}\n- {}\n+ {}",
        line + 1,
        present.unwrap_or("(end)"),
        spliced.unwrap_or("(end)")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# Title\n<!-- file: a.wat -->\n```wat\nold\n```\n<!-- end -->\nText\n";

    #[test]
    fn a_block_is_replaced_and_the_rest_stays() {
        let spliced = splice(README, |source| {
            assert_eq!(
                source,
                Source::File {
                    path: "a.wat",
                    region: None
                }
            );
            Ok("new\n".to_owned())
        });
        assert_eq!(spliced.unwrap(), README.replace("old", "new"));
    }

    #[test]
    fn splicing_twice_changes_nothing_more() {
        let once = splice(README, |_| Ok("new".to_owned())).unwrap();
        assert_eq!(splice(&once, |_| Ok("new".to_owned())).unwrap(), once);
    }

    #[test]
    fn markers_without_a_block_or_an_end_are_errors() {
        for text in [
            "<!-- file: a -->\nno fence\n<!-- end -->\n",
            "<!-- output: a -->\n```text\n```\n",
            "<!-- file: a -->",
        ] {
            assert!(splice(text, |_| Ok(String::new())).is_err(), "{text:?}");
        }
    }

    #[test]
    fn markers_name_their_source() {
        assert_eq!(
            Source::from_marker("<!-- output: a | b -->"),
            Some(Source::Output { command: "a | b" })
        );
        let region = Some(Source::File {
            path: "a.rs",
            region: Some("b"),
        });
        assert_eq!(Source::from_marker("<!-- file: a.rs#b -->"), region);
        assert_eq!(Source::from_marker("<!-- a comment -->"), None);
    }

    #[test]
    fn a_region_is_cut_out_and_moved_left() {
        let text = "x\n  // region: part\n  one\n\n    two\n  // endregion: part\ny\n";
        assert_eq!(region(text, "part").unwrap(), "one\n\n  two");
        assert!(region(text, "par").is_err());
    }

    #[test]
    fn programs_run_as_the_workspace_built_them() {
        let built = |command: &str| with_built_programs(command, Path::new("/target/debug"));
        assert_eq!(built("cargo run -q -p a"), "'/target/debug/a'");
        assert_eq!(
            built("cargo run -q -p a -- --json | cargo run -q -p b"),
            "'/target/debug/a' --json | '/target/debug/b'"
        );
        assert_eq!(built("cargo run -q -p a -- x || true"), "'/target/debug/a' x || true");
        assert_eq!(built("cargo run -q -p a | wc"), "'/target/debug/a' | wc");
        assert_eq!(built("cargo xtask setup"), "cargo xtask setup");
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        assert_eq!(
            output(Command::new("sh").args(["-c", "echo out; echo err >&2"])).unwrap(),
            "out\n"
        );
        assert!(output(Command::new("sh").args(["-c", "echo out; exit 1"])).is_err());
    }

    #[test]
    fn a_difference_names_the_line() {
        assert_eq!(difference("a\nb\n", "a\nc\n"), "line 2\n- b\n+ c");
        assert_eq!(difference("a\n", "a\nc\n"), "line 2\n- (end)\n+ c");
    }
}
