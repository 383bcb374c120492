//! The record of all cells: its file, its tables, and its comparison with another run.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bench::matrix::machine::Machine;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guest::PRISONERS;
use crate::hosts::GUARDED_HOSTS;

/// The file, relative to the workspace.
pub(super) const FILE: &str = "ex2-parser/hosts/prisoners.json";

/// The columns' headings, in the order of [`GUARDED_HOSTS`].
const HEADINGS: [&str; 8] = [
    "Wasmer", "wasmtime", "gem", "Node.js", "Chromium", "Python", "Go", "Java",
];

/// A run of prisoners in hosts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) recorded_at: Timestamp,
    pub(super) machine: Machine,
    /// The time that each host gave each guest to be compiled, and again to run.
    pub(super) time_limit_seconds: u64,
    pub(super) cells: Vec<Cell>,
}

/// One prisoner in one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) host: String,
    pub(super) prisoner: String,
    pub(super) contained: bool,
    /// What the host said about the guest; for a guest that is not contained, what it did.
    pub(super) outcome: String,
    /// From the module's path to the host's reply.
    pub(super) seconds: f64,
    /// The largest memory of the host's largest process.
    pub(super) peak_mebibytes: u64,
    /// Whether the same process then answered the good guest.
    pub(super) usable: bool,
}

/// What a table shows.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Figure {
    /// The time until the host's reply
    Time,
    /// The largest memory of the host's largest process
    Memory,
}

impl Record {
    pub(super) fn file(workspace: &Path) -> PathBuf {
        workspace.join(FILE)
    }

    pub(super) fn read(workspace: &Path) -> Result<Self> {
        let text = fs::read_to_string(Self::file(workspace))
            .with_context(|| format!("{FILE} can't be read: `cargo xtask prisoners` writes it"))?;
        serde_json::from_str(&text).with_context(|| format!("{FILE} is no record: `cargo xtask prisoners` writes it"))
    }

    pub(super) fn write(&self, workspace: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(Self::file(workspace), text).with_context(|| format!("{FILE} can't be written"))
    }

    pub(super) fn cell(&self, host: &str, prisoner: &str) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.host == host && cell.prisoner == prisoner)
    }

    /// Puts a cell in its place.
    pub(super) fn put(&mut self, cell: Cell) {
        self.cells
            .retain(|other| (&other.host, &other.prisoner) != (&cell.host, &cell.prisoner));
        self.cells.push(cell);
        self.cells.sort_by_key(|cell| {
            let host = GUARDED_HOSTS.iter().position(|host| host.name == cell.host);
            let prisoner = PRISONERS.iter().position(|prisoner| prisoner.name == cell.prisoner);
            (host, prisoner)
        });
    }

    /// The number of contained cells, and of all.
    pub(super) fn count(&self) -> (usize, usize) {
        let contained = self.cells.iter().filter(|cell| cell.contained).count();
        (contained, self.cells.len())
    }

    /// A table for the README and for a terminal.
    pub(super) fn table(&self, figure: Figure) -> Result<String> {
        let mut text = format!("{:<28}", "");
        for heading in HEADINGS {
            write!(text, " {heading:>9}")?;
        }
        text.push('\n');
        for prisoner in &PRISONERS {
            write!(text, "{:<28}", prisoner.title)?;
            for host in &GUARDED_HOSTS {
                let cell = match self.cell(host.name, prisoner.name) {
                    None => "not run".to_owned(),
                    Some(cell) => match figure {
                        Figure::Time if cell.contained => format!("{:.2} s", cell.seconds),
                        Figure::Memory if cell.contained => format!("{} MiB", cell.peak_mebibytes),
                        Figure::Time | Figure::Memory => "NOT".to_owned(),
                    },
                };
                write!(text, " {cell:>9}")?;
            }
            text.push('\n');
        }
        let (contained, all) = self.count();
        writeln!(text, "\n{contained} of {all} contained.")?;
        for cell in self.cells.iter().filter(|cell| !cell.contained) {
            let title = PRISONERS.iter().find(|prisoner| prisoner.name == cell.prisoner);
            let title = title.map_or(cell.prisoner.as_str(), |prisoner| prisoner.title);
            writeln!(text, "NOT contained: {title} in {}: {}", cell.host, cell.outcome)?;
        }
        writeln!(
            text,
            "Run on {} on {}, {} cores.",
            self.recorded_at.strftime("%-d %B %Y at %H:%M UTC"),
            self.machine.processor,
            self.machine.cores
        )?;
        Ok(text)
    }
}
