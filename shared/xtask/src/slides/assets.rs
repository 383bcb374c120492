//! What the slides are built from: files of this repository, and what its programs print.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bench::matrix::talk;
use github::pages;
use system::cache;
use wasm::guests;

use crate::run::{Cargo, announce};
use crate::{readme, records};

/// The files that name the record of the talk's figures. They name the same, or what a slide draws is not what it says.
const NAMING: [&str; 2] = ["README.md", "slides/deck.md"];

/// The program that draws the QR code.
const HELLO: &str = "ex1-hello";

/// Who runs this workspace's own programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Programs {
    /// Cargo, which builds them first.
    Cargo,
    /// The build of the whole workspace has made them: cargo would build them once more, with fewer features.
    Built,
}

impl Programs {
    /// The command that runs a package's program.
    pub(crate) fn command(self, cargo: &Cargo, package: &str) -> Result<Command> {
        if self == Self::Cargo {
            return Ok(cargo.command(&["run", "-p", package, "--"]));
        }
        let xtask = env::current_exe().context("this program's own path is unknown, and the others lie beside it")?;
        let directory = cache::target_directory(&xtask).context("xtask lies in no target directory")?;
        Ok(cargo.in_workspace(directory.join("debug").join(package)))
    }
}

/// Writes everything into `directory`, which is there and empty.
pub(crate) fn prepare(workspace: &Path, cargo: &Cargo, programs: Programs, directory: &Path) -> Result<()> {
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).with_context(|| format!("{} can't be written", path.display()))
    };
    // The record first: without one that all agree on, nothing else is worth its time.
    let name = readme::record_of(workspace, &NAMING)?;
    let record = records::named(workspace, Path::new(&name))?;
    write("record.json", &read(&records::file_of(workspace, &name))?)?;
    let drawn = serde_json::to_string_pretty(&talk::of(&record))? + "\n";
    write("matrix.json", drawn.as_bytes())?;
    write("hello.wat", &read(&workspace.join("ex1-hello/hello.wat"))?)?;
    // The one that the benches generate: as large as a real one.
    let page = pages::PackagePage {
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..Default::default()
    };
    write("page.html", page.render().as_bytes())?;
    write("parser.wasm", &guests::PARSER_STREAM.read()?)?;
    write("qr.svg", &qr(cargo, programs)?)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} can't be read", path.display()))
}

/// The QR code of the project's page.
fn qr(cargo: &Cargo, programs: Programs) -> Result<Vec<u8>> {
    let mut command = programs.command(cargo, HELLO)?;
    command.args(["qr", "--svg"]);
    let line = announce(&command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("`{line}` can't be started"))?;
    ensure!(output.status.success(), "`{line}` ended with {}", output.status);
    ensure!(output.stdout.starts_with(b"<svg"), "`{line}` printed no picture");
    Ok(output.stdout)
}
