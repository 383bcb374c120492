//! Runs the parser's module in eight hosts, and each language's own HTML parser beside it: the same answers, byte for
//! byte, and the times of both.

mod library;
mod pages;
mod places;
mod program;
mod report;
mod run;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bench::matrix::machine::Machine;
use clap::Args;
use system::command_line;
use wasm::guests;

use crate::run::{Cargo, announce_and_run};
use crate::selection::Selection;
use pages::{Kind, Page, compare};
pub(crate) use places::Places;
pub(crate) use program::{GUARDED_HOSTS, Program};
use program::{HOSTS, PARSERS};
use report::{Report, Row, Times};

/// How often the page is read for the median. The first readings of Java are slow.
const REPETITIONS: usize = 20;

/// The options of `cargo xtask hosts`.
#[derive(Args)]
#[command(after_help = "Exit codes: 0 all answers are right; 1 one is not, or a program failed.")]
pub(crate) struct Options {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Use the programs that cargo has built already
    #[arg(long)]
    built: bool,
    /// Run nothing, and list the programs with their lines of code
    #[arg(long, conflicts_with_all = ["json", "built"])]
    list: bool,
}

/// Runs `cargo xtask hosts`.
pub(crate) fn run(cargo: &Cargo, options: &Options) -> Result<ExitCode> {
    let places = Places::of(cargo)?;
    if options.list {
        command_line::print(report::list(&places)?.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if !options.built {
        build(cargo, &["host-wasmer", "host-wasmtime", "host-with-scraper"])?;
    }
    let report = measure(&places)?;
    match options.json {
        true => command_line::print((serde_json::to_string_pretty(&report)? + "\n").as_bytes())?,
        false => command_line::print(report.table(&places)?.as_bytes())?,
    }
    Ok(match report.is_right() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Installs the libraries of all programs, and builds those that cargo does not build.
pub(crate) fn prepare(workspace: &Path) -> Result<()> {
    library::prepare(&Places::of(&Cargo::new(workspace.to_path_buf()))?)
}

/// Whether [`prepare`] has nothing to do.
pub(crate) fn is_prepared(workspace: &Path) -> bool {
    Places::of(&Cargo::new(workspace.to_path_buf())).is_ok_and(|places| library::is_prepared(&places).unwrap_or(false))
}

/// Builds the programs in Rust and the gem's library, with the features of the tests, so that no crate is built twice.
pub(crate) fn build(cargo: &Cargo, examples: &[&str]) -> Result<()> {
    let selection = Selection::here(&[]);
    let mut build = cargo.command(&["build", "--quiet"]);
    build.args(selection.arguments()).args(["--lib"]);
    for example in examples {
        build.args(["--example", example]);
    }
    let status = announce_and_run(&mut build)?;
    ensure!(status.success(), "the programs in Rust can't be built");
    Ok(())
}

/// All pages, in files of a temporary directory.
struct Pages {
    /// The pages of each kind.
    kinds: Vec<(Kind, Vec<Page>)>,
    measured: Page,
}

impl Pages {
    fn write(directory: &Path) -> Result<Self> {
        let kinds = Kind::ALL
            .into_iter()
            .map(|kind| Ok((kind, pages::write(kind, directory)?)));
        Ok(Self {
            kinds: kinds.collect::<Result<_>>()?,
            measured: pages::measured(directory)?,
        })
    }

    fn count(&self) -> usize {
        self.kinds.iter().map(|(_, pages)| pages.len()).sum()
    }
}

fn measure(places: &Places) -> Result<Report> {
    let directory = tempfile::tempdir().context("a temporary directory can't be created")?;
    let pages = Pages::write(directory.path())?;
    let module = guests::PARSER_STREAM.build()?;
    let binary = std::fs::read(&module).with_context(|| format!("{} can't be read", module.display()))?;
    let mut rows = Vec::new();
    for program in &HOSTS {
        command_line::note(program.name);
        rows.push(row(program, places, || {
            check_host(program, places, &module, &pages)?;
            let arguments = |count| arguments(&module, Kind::Package, vec![&pages.measured; count]);
            run::times(program, places, &arguments, &pages.measured, REPETITIONS)
        }));
    }
    for program in &PARSERS {
        command_line::note(program.name);
        rows.push(row(program, places, || {
            check_parser(program, places, &pages)?;
            let arguments = |count| vec![pages.measured.file.clone(); count];
            run::times(program, places, &arguments, &pages.measured, REPETITIONS)
        }));
    }
    Ok(Report {
        recorded_at: jiff::Timestamp::now().round(jiff::Unit::Second)?,
        machine: Machine::this(),
        module_sha256: bench::exact::sha256(&binary),
        module_bytes: binary.len(),
        pages: pages.count(),
        rows,
    })
}

fn row(program: &Program, places: &Places, measure: impl FnOnce() -> Result<Times>) -> Row {
    let outcome = match program.missing(places) {
        Some(missing) => report::Outcome::Skipped(missing),
        None => match measure() {
            Ok(times) => report::Outcome::Measured(times),
            Err(error) => report::Outcome::Failed(format!("{error:#}")),
        },
    };
    Row {
        name: program.name.to_owned(),
        outcome,
    }
}

/// The arguments of a host: `MODULE KIND PAGE…`.
fn arguments(module: &Path, kind: Kind, pages: Vec<&Page>) -> Vec<PathBuf> {
    let mut arguments = vec![module.to_path_buf(), (kind as u32).to_string().into()];
    arguments.extend(pages.iter().map(|page| page.file.clone()));
    arguments
}

/// Runs a host on all pages, and compares its answers.
fn check_host(program: &Program, places: &Places, module: &Path, pages: &Pages) -> Result<()> {
    for (kind, pages) in &pages.kinds {
        let output = run::answers(program, places, &arguments(module, *kind, pages.iter().collect()))?;
        compare(&output, pages.iter())?;
    }
    Ok(())
}

/// Runs another parser on the pages of packages that have an answer. What it should say about others, nobody knows.
fn check_parser(program: &Program, places: &Places, pages: &Pages) -> Result<()> {
    let (_, packages) = &pages.kinds[0];
    let usual: Vec<&Page> = packages.iter().filter(|page| page.is_read).take(pages::USUAL).collect();
    let arguments: Vec<PathBuf> = usual.iter().map(|page| page.file.clone()).collect();
    compare(&run::answers(program, places, &arguments)?, usual.into_iter())
}
