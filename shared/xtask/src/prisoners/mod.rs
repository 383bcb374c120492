//! Runs twenty guests that misbehave in each of eight hosts with its recommended limits: which contains them, how soon,
//! and whether it can be used afterwards.
//!
//! A guest is contained if its host ends it by itself, or refuses it, or accepts the right answer of one that is right;
//! if the host's memory stays within bounds; if no thread runs on; and if the same process then answers the good guest.

mod guest;
mod host;
mod processes;
mod record;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bench::matrix::machine::Machine;
use clap::Args;
use system::command_line;
use tempfile::TempDir;

use crate::hosts::{self, GUARDED_HOSTS, Places, Program};
use crate::run::Cargo;
use guest::{ANSWER, Expected, GOOD, PRISONERS, Prisoner, Source};
use host::{Host, Net, Reply};
use record::{Cell, Figure, Record};

/// The time that a host gives a guest to be compiled, and again to run. Java's first guest takes a second.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The time after which a host has not ended its guest. On a busy machine the processor time of a compilation takes long.
const NET_TIME: Duration = Duration::from_secs(120);

/// The memory that a guest may cost its host: more than twice the limit of 256 MiB for a guest's memory, since some hosts
/// copy it when it grows, and more than the limit of 512 MiB for a compiler.
const NET_MEMORY: u64 = 640 << 20;

/// The time that a host has for the end of a guest's threads, and of a garbage collector's.
const REST: Duration = Duration::from_secs(20);

/// The options of `cargo xtask prisoners`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 as recorded, or recorded; 1 a cell differs from the record, or a host can't be run."
)]
pub(crate) struct Options {
    /// Compare with the record, and don't write it
    #[arg(long)]
    check: bool,
    /// Use the programs that cargo has built already
    #[arg(long)]
    built: bool,
    /// Only the hosts whose name contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    host: String,
    /// Only the prisoners whose name contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    prisoner: String,
    /// Run nothing, and print the record
    #[arg(long, value_name = "FIGURE", conflicts_with_all = ["check", "built", "host", "prisoner"])]
    table: Option<Figure>,
}

/// Runs `cargo xtask prisoners`.
pub(crate) fn run(cargo: &Cargo, options: &Options) -> Result<ExitCode> {
    let workspace = cargo.workspace();
    if let Some(figure) = options.table {
        command_line::print(Record::read(workspace)?.table(figure)?.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let places = Places::of(cargo)?;
    if !options.built {
        hosts::build(cargo, &["guarded-wasmer", "guarded-wasmtime"])?;
    }
    let cells = cells(&places, options)?;
    if options.check {
        return check(&Record::read(workspace)?, &cells);
    }
    // Cells that were not run stay.
    let mut record = Record {
        recorded_at: jiff::Timestamp::now().round(jiff::Unit::Second)?,
        machine: Machine::this(),
        time_limit_seconds: TIME_LIMIT.as_secs(),
        cells: Record::read(workspace).map_or_else(|_| Vec::new(), |record| record.cells),
    };
    for cell in cells {
        record.put(cell);
    }
    record.write(workspace)?;
    command_line::print(record.table(Figure::Time)?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn cells(places: &Places, options: &Options) -> Result<Vec<Cell>> {
    let modules = Modules::new(&places.workspace)?;
    let mut cells = Vec::new();
    for program in &GUARDED_HOSTS {
        if !program.name.contains(&options.host) {
            continue;
        }
        if let Some(missing) = program.missing(places) {
            bail!("{}: {missing}", program.name);
        }
        for prisoner in &PRISONERS {
            if !prisoner.name.contains(&options.prisoner) {
                continue;
            }
            let mut guarded = Guarded::start(program, places, &modules)?;
            let cell = guarded.cell(prisoner)?;
            command_line::note(format_args!(
                "{}, {}: {} in {:.2} s with {} MiB: {}",
                cell.host,
                cell.prisoner,
                if cell.contained { "contained" } else { "NOT CONTAINED" },
                cell.seconds,
                cell.peak_mebibytes,
                cell.outcome
            ));
            cells.push(cell);
        }
    }
    ensure!(!cells.is_empty(), "no cell has such names");
    Ok(cells)
}

/// Compares cells with those of the record.
fn check(record: &Record, cells: &[Cell]) -> Result<ExitCode> {
    let differences = differences(record, cells);
    for difference in &differences {
        command_line::note(difference);
    }
    ensure!(
        differences.is_empty(),
        "{} of {} cells differ from {}: `cargo xtask prisoners` renews it",
        differences.len(),
        cells.len(),
        record::FILE
    );
    Ok(ExitCode::SUCCESS)
}

/// The cells that are contained and were not, or the other way round. Times and memory differ in each run.
fn differences(record: &Record, cells: &[Cell]) -> Vec<String> {
    let word = |contained| if contained { "contained" } else { "not contained" };
    let difference = |cell: &Cell| {
        let (host, prisoner) = (&cell.host, &cell.prisoner);
        match record.cell(host, prisoner) {
            None => Some(format!("{host}, {prisoner}: not in the record")),
            Some(recorded) if recorded.contained == cell.contained => None,
            Some(recorded) => Some(format!(
                "{host}, {prisoner}: {} in the record, and now {}: {}",
                word(recorded.contained),
                word(cell.contained),
                cell.outcome
            )),
        }
    };
    cells.iter().filter_map(difference).collect()
}

/// The guests' modules, in a temporary directory.
struct Modules {
    workspace: PathBuf,
    directory: TempDir,
}

impl Modules {
    fn new(workspace: &Path) -> Result<Self> {
        Ok(Self {
            workspace: workspace.to_path_buf(),
            directory: tempfile::tempdir().context("a temporary directory can't be created")?,
        })
    }

    fn get(&self, name: &str, source: Source) -> Result<PathBuf> {
        guest::module(name, source, &self.workspace, self.directory.path())
    }
}

/// A host that has answered the good guest, and is ready for prisoners.
struct Guarded<'a> {
    program: &'a Program,
    modules: &'a Modules,
    host: Host,
    net: Net,
}

impl<'a> Guarded<'a> {
    fn start(program: &'a Program, places: &Places, modules: &'a Modules) -> Result<Self> {
        let mut host = Host::start(&program.command(places)?, TIME_LIMIT).context(program.name)?;
        // Its first guest is slow, and shows how much memory the host itself takes.
        let net = Net {
            time: NET_TIME,
            memory: 2 << 30,
        };
        let (reply, _, peak) = host.run(&modules.get(GOOD, Source::Written)?, net);
        ensure!(
            reply == Reply::Answered(ANSWER.to_owned()),
            "{}: the good guest: {reply:?}",
            program.name
        );
        let net = Net {
            time: NET_TIME,
            memory: peak + NET_MEMORY,
        };
        Ok(Self {
            program,
            modules,
            host,
            net,
        })
    }

    /// Runs a prisoner, and the good guest again.
    fn cell(&mut self, prisoner: &Prisoner) -> Result<Cell> {
        let module = self.modules.get(prisoner.name, prisoner.source)?;
        let good = self.modules.get(GOOD, Source::Written)?;
        let (reply, time, peak) = self.host.run(&module, self.net);
        let sleeps = self.host.family().sleeps_within(REST);
        let (after, _, peak_after) = match &reply {
            Reply::Net(_) | Reply::Lost(_) => (reply.clone(), Duration::ZERO, 0),
            Reply::Answered(_) | Reply::Stopped(_) => self.host.run(&good, self.net),
        };
        let usable = after == Reply::Answered(ANSWER.to_owned());
        let failure = match (&reply, prisoner.expected) {
            (Reply::Net(what), _) => Some(match *what {
                "memory" => format!("its memory grew by more than {} MiB", NET_MEMORY >> 20),
                _ => format!("it was not ended in {} s", NET_TIME.as_secs()),
            }),
            (Reply::Lost(what), _) => Some(format!("the host was lost: {what}")),
            (Reply::Answered(answer), Expected::Stopped) => Some(format!("the host believed it: {answer}")),
            (Reply::Answered(answer), _) if answer != ANSWER => Some(format!("the host believed it: {answer}")),
            (Reply::Stopped(reason), Expected::Answered) => Some(format!("it is right, and was stopped: {reason}")),
            _ if !sleeps => Some("a thread of it runs on".to_owned()),
            _ if !usable => Some(format!("the host can't be used afterwards: {after:?}")),
            _ => None,
        };
        let said = match reply {
            Reply::Answered(_) => "the right answer".to_owned(),
            Reply::Stopped(reason) | Reply::Lost(reason) => reason,
            Reply::Net(what) => what.to_owned(),
        };
        Ok(Cell {
            host: self.program.name.to_owned(),
            prisoner: prisoner.name.to_owned(),
            contained: failure.is_none(),
            // Without the temporary directory, which differs in each run.
            outcome: failure
                .unwrap_or(said)
                .replace(&format!("{}/", self.modules.directory.path().display()), ""),
            seconds: (time.as_secs_f64() * 1e3).round() / 1e3,
            peak_mebibytes: peak.max(peak_after) >> 20,
            usable,
        })
    }
}
