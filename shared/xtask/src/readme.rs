//! Splices snippets and outputs into the READMEs and the talk from their sources.
//!
//! The content of a fenced block between two markers is replaced or compared:
//!
//! ````text
//! <!-- file: ex1-hello/hello.wat -->           a file, or with `#region` the lines between
//! ```wat                                       `region: NAME` and `endregion: NAME` in it
//! ```
//! <!-- end -->
//!
//! <!-- output: cargo run -q -p ex1-hello -->   the standard output of a command
//! ```text
//! ```
//! <!-- end -->
//! ````
//!
//! A part of a record of the benches is Markdown without a fence. Its marker names the record, so that only
//! `cargo xtask matrix --write` changes a README for a newer record. A plot is a file beside its README, and is
//! compared too.
//!
//! ```text
//! <!-- matrix: cases hello from 2026-11-22T122031Z -->
//! <!-- end -->
//! ```
//!
//! Figures that don't depend on the hour are a table made from their file, [`bench::exact`]:
//!
//! ```text
//! <!-- exact: ex2-parser/exact-figures.json -->
//! <!-- end -->
//! ```
//!
//! The bench `density` has one record, which it writes with `--record`. Its parts are `memory`, `first-answers`, `plot` and
//! `run`:
//!
//! ```text
//! <!-- density: memory -->
//! <!-- end -->
//! ```
//!
//! [`bench::matrix::part`] lists the parts of the other records. The talk's `slides/deck.md` has the same markers, and is a
//! README here.
//!
//! For `cargo run -q -p NAME` in a command, the program from the build of the whole workspace is run. Cargo would build
//! it again with the features of that package alone, which takes minutes for the engines and changes no output.

mod density;
mod marker;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use bench::exact::ExactFigures;
use bench::matrix::Record;
use bench::matrix::part::{Part, Rendered};
use system::{cache, command_line};

use crate::readme::marker::Source;
use crate::records;
use crate::run::{Cargo, announce_and_run};
use crate::selection::Selection;

/// The begin of a command that runs one of the workspace's programs.
const RUN: &str = "cargo run -q -p ";

const END: &str = "<!-- end -->";

/// The new content of a block.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    /// The block is unchanged.
    Unchanged,
    /// The content within the fence.
    Fenced(String),
    /// Markdown, and the marker before it, which can name another record than before.
    Markdown { marker: String, content: String },
}

/// Compares all READMEs with their sources, or with `write` replaces the blocks that differ.
pub(crate) fn run(workspace: &Path, cargo: &Cargo, write: bool) -> Result<ExitCode> {
    // All programs, with the features of the tests. `cargo test` builds examples as tests, so that they need their own
    // command.
    for (command, targets) in [
        ("test", &["--all-targets", "--no-run", "--quiet"][..]),
        ("build", &["--examples", "--quiet"]),
    ] {
        let mut build = cargo.command(&[command]);
        build.args(Selection::here(&[]).arguments()).args(targets);
        let status = announce_and_run(&mut build)?;
        ensure!(
            status.success(),
            "the programs whose output the READMEs show can't be built"
        );
    }
    compare(workspace, cargo, write)
}

/// As [`run`], after the programs were built.
fn compare(workspace: &Path, cargo: &Cargo, write: bool) -> Result<ExitCode> {
    splice_all(workspace, cargo, write, |source, directory| match source {
        Source::Matrix { part, record } => {
            let name = record.context("no record is named; `cargo xtask matrix --write` names the newest")?;
            rendered(part, &records::named(workspace, Path::new(name))?, directory)
        }
        Source::Exact { path } => {
            let block = Block::Markdown {
                marker: format!("<!-- exact: {path} -->"),
                content: ExactFigures::read(&workspace.join(path))?.markdown(),
            };
            Ok((block, None))
        }
        Source::Density { part } => {
            let Rendered { markdown, file } = density::rendered(workspace, part, directory)?;
            let block = Block::Markdown {
                marker: format!("<!-- density: {part} -->"),
                content: markdown,
            };
            Ok((block, file))
        }
        source => Ok((Block::Fenced(content(source, workspace, cargo)?), None)),
    })
}

/// Splices a record into the `matrix` markers of all READMEs. Other blocks are unchanged.
pub(crate) fn splice_record(workspace: &Path, cargo: &Cargo, record: &Record) -> Result<ExitCode> {
    splice_all(workspace, cargo, true, |source, directory| match source {
        Source::Matrix { part, .. } => rendered(part, record, directory),
        Source::Density { .. } | Source::Exact { .. } | Source::File { .. } | Source::Output { .. } => {
            Ok((Block::Unchanged, None))
        }
    })
}

/// The record that files of the workspace name in their markers, all of them the same one.
pub(crate) fn record_of(workspace: &Path, files: &[&str]) -> Result<String> {
    let mut names = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(workspace.join(file)).with_context(|| format!("{file} can't be read"))?;
        for line in text.lines() {
            if let Some(Source::Matrix { record: Some(name), .. }) = Source::from_marker(line) {
                names.entry(name.to_owned()).or_insert_with(|| (*file).to_owned());
            }
        }
    }
    let next_step = "`cargo xtask matrix --write` lets all name the newest";
    let list: Vec<String> = names
        .iter()
        .map(|(name, file)| format!("{file} names {name}"))
        .collect();
    match names.into_keys().collect::<Vec<_>>().as_slice() {
        [name] => Ok(name.clone()),
        [] => bail!(
            "no record of the benches is named in {}: {next_step}",
            files.join(" or ")
        ),
        _ => bail!("{}: {next_step}", list.join(", and ")),
    }
}

/// The file of a block, such as a plot: its path relative to the workspace, and its content.
type BlockFile = Option<(&'static str, String)>;

fn rendered(part: &str, record: &Record, directory: &str) -> Result<(Block, BlockFile)> {
    let Rendered { markdown, file } = Part::named(part)?.render(record, directory);
    let block = Block::Markdown {
        marker: format!("<!-- matrix: {part} from {} -->", record.name()),
        content: markdown,
    };
    Ok((block, file))
}

/// Splices all READMEs, and compares or writes them and their files. `block` gets the source and the README's
/// directory.
fn splice_all(
    workspace: &Path,
    cargo: &Cargo,
    write: bool,
    mut block: impl FnMut(Source<'_>, &str) -> Result<(Block, BlockFile)>,
) -> Result<ExitCode> {
    let mut differing = 0;
    for readme in readmes(cargo)? {
        let directory = readme.rsplit_once('/').map_or("", |(directory, _)| directory);
        let mut files = Vec::new();
        let present = fs::read_to_string(workspace.join(&readme)).with_context(|| format!("{readme} can't be read"))?;
        let spliced = splice(&present, |source| {
            let (block, file) = block(source, directory)?;
            files.extend(file.map(|(path, content)| (path.to_owned(), content)));
            Ok(block)
        });
        files.push((readme.clone(), spliced.with_context(|| readme.clone())?));
        for (path, content) in &files {
            differing += usize::from(compare_or_write(workspace, path, content, write)?);
        }
    }
    if differing > 0 {
        bail!("{differing} READMEs or plots differ from their sources; `cargo xtask readme --write` splices them");
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that differs from `content`, or prints the first difference. Returns whether the file still differs.
fn compare_or_write(workspace: &Path, path: &str, content: &str, write: bool) -> Result<bool> {
    let file = workspace.join(path);
    // A missing plot differs.
    let present = match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        present => present.with_context(|| format!("{path} can't be read"))?,
    };
    if present == content {
        return Ok(false);
    }
    if write {
        fs::write(&file, content).with_context(|| format!("{path} can't be written"))?;
        command_line::note(format_args!("{path}: written"));
        return Ok(false);
    }
    command_line::note(format_args!(
        "{path} differs from its sources:\n{}",
        difference(&present, content)
    ));
    Ok(true)
}

/// The Markdown files of the checkout, also new ones.
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

/// The text with every block replaced by the result of `replace`.
fn splice(text: &str, mut replace: impl FnMut(Source<'_>) -> Result<Block>) -> Result<String> {
    let mut result = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(marker) = lines.next() {
        let Some(source) = Source::from_marker(marker) else {
            result.push_str(&format!("{marker}\n"));
            continue;
        };
        let mut block = Vec::new();
        loop {
            let line = lines
                .next()
                .with_context(|| format!("after `{marker}` there is no `{END}`"))?;
            if line == END {
                break;
            }
            block.push(line);
        }
        let fence = block.first().copied().unwrap_or_default();
        let fenced = !source.is_markdown();
        ensure!(
            !fenced || fence.starts_with("```"),
            "after `{marker}` a fenced block must follow"
        );
        match replace(source).with_context(|| marker.to_owned())? {
            Block::Unchanged => {
                let unchanged: String = block.iter().map(|line| format!("{line}\n")).collect();
                result.push_str(&format!("{marker}\n{unchanged}{END}\n"));
            }
            Block::Fenced(content) => {
                result.push_str(&format!("{marker}\n{fence}\n{}\n```\n{END}\n", content.trim_end()));
            }
            // In Markdown an empty line after a comment is needed to begin a new block.
            Block::Markdown { marker, content } => {
                result.push_str(&format!("{marker}\n\n{}\n\n{END}\n", content.trim_end()));
            }
        }
    }
    Ok(result)
}

fn content(source: Source<'_>, workspace: &Path, cargo: &Cargo) -> Result<String> {
    match source {
        Source::File { path, region } => {
            let text = fs::read_to_string(workspace.join(path)).with_context(|| format!("{path} can't be read"))?;
            region.map_or(Ok(text.clone()), |name| self::region(&text, name))
        }
        Source::Density { part: what } | Source::Exact { path: what } | Source::Matrix { part: what, .. } => {
            bail!("{what} is no snippet")
        }
        Source::Output { command } => {
            let xtask = env::current_exe()?;
            let programs = cache::target_directory(&xtask).context("xtask is not in a target directory")?;
            let command = with_built_programs(command, &programs.join("debug"));
            output(cargo.in_workspace("sh").args(["-c", &command]))
        }
    }
}

/// Replaces `cargo run -q -p NAME [--bin PROGRAM|--example EXAMPLE] [--]` by the path of the program in `directory`.
fn with_built_programs(command: &str, directory: &Path) -> String {
    let mut parts = command.split(RUN);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (package, rest) = first_word(part);
        let (program, rest) = if let Some(rest) = rest.strip_prefix(" --bin ") {
            let (program, rest) = first_word(rest);
            (program.to_owned(), rest)
        } else if let Some(rest) = rest.strip_prefix(" --example ") {
            let (example, rest) = first_word(rest);
            (format!("examples/{example}"), rest)
        } else {
            (package.to_owned(), rest)
        };
        let arguments = rest
            .strip_prefix(" --")
            .filter(|rest| rest.is_empty() || rest.starts_with(' '));
        let arguments = arguments.unwrap_or(rest);
        result.push_str(&format!("'{}'{arguments}", directory.join(program).display()));
    }
    result
}

fn first_word(text: &str) -> (&str, &str) {
    text.split_at(text.find(' ').unwrap_or(text.len()))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the command ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// The lines between the markers of a region, without their common indentation.
fn region(text: &str, name: &str) -> Result<String> {
    let names = |line: &str, word: &str| line.trim_end().ends_with(&format!(" {word}: {name}"));
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| !names(line, "region"))
        .skip(1)
        .take_while(|line| !names(line, "endregion"))
        .collect();
    ensure!(!lines.is_empty(), "there is no region {name}, or it is empty");
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

/// The first line that differs, in both versions.
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
