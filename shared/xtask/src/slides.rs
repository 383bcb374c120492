//! The talk: built and served beside the tracker, or written into a directory.
//!
//! `slides/` has the slides and what builds, serves and prints them, in JavaScript. Here is what they need of the rest of
//! the workspace: what the slides are built from ([`assets`]), and the tracker that one of them shows in a frame
//! ([`tracker`]).

mod assets;
mod directory;
mod error;
mod tracker;

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use system::command_line;
use system::ports::free_port;
use tempfile::TempDir;

use crate::processes::{Ended, INTERRUPTED, INTERVAL, Running, Stop};
use crate::run::{Cargo, announce, bold};
use crate::setup::{self, Purpose, TRACKER};
use assets::Programs;
pub(crate) use error::Error;
use tracker::Figures;

/// The port of the slides. A fixed one: what a browser stores for them, such as the room's bets, belongs to it.
const PORT: u16 = 4000;

/// So long the server of the slides may take until it says where they are.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// What is written for those who can't run the rest: the whole talk in one file, and on paper.
const ONE_FILE: &str = "talk.html";
const PAPER: &str = "talk.pdf";

/// How to give the talk.
#[derive(Args)]
#[command(
    after_help = "The slides are served on this machine alone, and what they show comes from this machine alone. Ctrl-C ends \
                  everything.\n\nExit codes: 0 written, or served until Ctrl-C; 1 a step failed; 64 a wrong command line; \
                  69 the port is in use; 73 the directory can't be written; 130 Ctrl-C before it was written."
)]
pub(crate) struct Options {
    /// Write the talk into this directory and serve nothing: its files, talk.html for a USB stick, and talk.pdf
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["port", "no_open"])]
    output: Option<PathBuf>,
    /// The port of the slides on 127.0.0.1; 0 for any free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
    /// Write only what the slides are built from into this directory: the record, the modules, the page, the QR code
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["output", "port", "no_open"])]
    prepare: Option<PathBuf>,
    /// Run the programs that the build of the whole workspace made, as the tests do
    #[arg(long, hide = true)]
    built: bool,
}

/// The talk, from the workspace's root.
struct Talk<'a> {
    workspace: &'a Path,
    cargo: &'a Cargo,
    programs: Programs,
    stop: Stop,
}

/// Somebody asked for the end: no error, and nothing more to do.
#[derive(Debug, thiserror::Error)]
#[error("ended by Ctrl-C")]
struct Interrupted;

/// Does what the options say.
pub(crate) fn run(workspace: &Path, cargo: &Cargo, options: &Options) -> Result<ExitCode> {
    // Installing asks questions, which a Ctrl-C is an answer to. Nothing of the talk is begun until then.
    match (&options.prepare, &options.output) {
        // Who has the whole workspace built is set up.
        (Some(_), _) => {}
        (None, Some(_)) if options.built => {}
        (None, None) if options.built => _ = port(options.port)?,
        (None, Some(_)) => setup::set_up(Purpose::Print, cargo, workspace)?,
        (None, None) => {
            // Found out before minutes are spent.
            port(options.port)?;
            setup::set_up(Purpose::Talk, cargo, workspace)?;
        }
    }
    let talk = Talk {
        workspace,
        cargo,
        programs: if options.built {
            Programs::Built
        } else {
            Programs::Cargo
        },
        stop: Stop::listen().context("Ctrl-C can't be waited for")?,
    };
    let result = match (&options.prepare, &options.output) {
        (Some(directory), _) => talk.prepare(directory),
        (None, Some(directory)) => talk.write(directory),
        (None, None) => match talk.serve(options) {
            // That is how a talk ends.
            Err(error) if error.is::<Interrupted>() => return Ok(ExitCode::SUCCESS),
            result => result,
        },
    };
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.is::<Interrupted>() => Ok(ExitCode::from(INTERRUPTED)),
        // What failed was ended by the same Ctrl-C, in whatever words it says so.
        Err(_) if talk.stop.is_requested() => Ok(ExitCode::from(INTERRUPTED)),
        Err(error) => Err(error),
    }
}

impl Talk<'_> {
    /// Writes what the slides are built from.
    fn prepare(&self, directory: &Path) -> Result<()> {
        directory::replace(directory, "matrix.json", |new| self.assets(new))?;
        self.say(&[directory.to_path_buf()])
    }

    /// Writes the talk.
    fn write(&self, directory: &Path) -> Result<()> {
        directory::replace(directory, ONE_FILE, |new| {
            self.build(new)?;
            self.run(
                self.node("pdf.mjs")
                    .arg("--directory")
                    .arg(new)
                    .arg("--output")
                    .arg(new.join(PAPER)),
            )?;
            for file in ["index.html", ONE_FILE, PAPER] {
                let bytes = fs::metadata(new.join(file)).map_or(0, |file| file.len());
                anyhow::ensure!(
                    bytes > 0,
                    "{file} was not written: slides/build.mjs and slides/pdf.mjs write it"
                );
            }
            Ok(())
        })?;
        self.say(&["index.html", ONE_FILE, PAPER].map(|file| directory.join(file)))
    }

    /// Serves the talk, with the tracker beside it, until Ctrl-C.
    fn serve(&self, options: &Options) -> Result<()> {
        let port = port(options.port)?;
        let built = self.temporary()?;
        self.build(built.path())?;
        let tracker_port = free_port().context("no port is free for the tracker")?;
        let figures = Figures::open(&self.kept()?).context("the tracker's figures can't be stored")?;
        let mut tracker = self.tracker(tracker_port, port, built.path(), figures.as_ref())?;
        let mut command = self.node("serve.mjs");
        command.arg("--directory").arg(built.path());
        command.args(["--port", &port.to_string()]);
        command.args(["--tracker", &tracker::page(tracker_port)]);
        let mut slides = self.start(command.stdout(Stdio::piped()))?;
        let url = self.first_line(&mut slides)?;
        command_line::print(format!("{url}\n").as_bytes())?;
        command_line::note(format_args!(
            "{} The key S opens the speaker's window, F fills the screen, ? lists the keys. The tracker's slide shows a \
             picture until the dashboard runs. Ctrl-C ends everything.",
            bold("The slides are served.")
        ));
        if !options.no_open {
            open(&url);
        }
        let mut tracker_runs = true;
        loop {
            self.go_on()?;
            if let Some(status) = slides.ended()? {
                return Err(failed(&slides, format!("ended with {status}")).into());
            }
            if tracker_runs && let Some(status) = tracker.ended()? {
                // In the middle of a talk, one slide is less than all of them.
                command_line::note(format_args!(
                    "The tracker ended with {status}; what it said stands above. Its slide shows the picture, all others \
                     go on."
                ));
                tracker_runs = false;
            }
            thread::sleep(INTERVAL);
        }
    }

    /// Builds the slides into a directory that is there.
    fn build(&self, output: &Path) -> Result<()> {
        let assets = self.temporary()?;
        self.assets(assets.path())?;
        let mut build = self.node("build.mjs");
        build.arg("--assets").arg(assets.path()).arg("--output").arg(output);
        self.run(&mut build)
    }

    fn assets(&self, directory: &Path) -> Result<()> {
        assets::prepare(self.workspace, self.cargo, self.programs, directory)?;
        self.go_on()
    }

    /// The tracker, whose dashboard the slides may show in a frame.
    fn tracker(&self, port: u16, slides_port: u16, temporary: &Path, figures: Option<&Figures>) -> Result<Running> {
        let mut command = self.programs.command(self.cargo, TRACKER)?;
        tracker::configure(&mut command, port, slides_port, figures);
        // Beside another talk this one has figures of its own, which end with it.
        let storage = match (figures, env::var_os(tracker::STORAGE)) {
            (Some(figures), _) => figures.directory().to_path_buf(),
            (None, Some(directory)) => directory.into(),
            (None, None) => temporary.join("tracker"),
        };
        command.arg("--storage").arg(storage);
        // Its tables are for another terminal.
        let mut running = self.start(command.stdout(Stdio::null()).stderr(Stdio::piped()))?;
        tracker::listen(running.child(), figures);
        Ok(running)
    }

    /// The first line that a program prints: it says where it serves.
    fn first_line(&self, program: &mut Running) -> Result<String> {
        let stdout = program.child().stdout.take().context("its output is no pipe")?;
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(io::Result::ok) {
                // Read on when nobody listens any more: a full pipe would stop the program.
                _ = sender.send(line);
            }
        });
        let end = Instant::now() + START_TIMEOUT;
        loop {
            match receiver.recv_timeout(INTERVAL) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) if Instant::now() < end => self.go_on()?,
                Err(RecvTimeoutError::Timeout) => {
                    let how = format!("said nothing within {} s", START_TIMEOUT.as_secs());
                    return Err(failed(program, how).into());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.go_on()?;
                    let how = program
                        .ended()?
                        .map_or("closed its output".to_owned(), |status| format!("ended with {status}"));
                    return Err(failed(program, how).into());
                }
            }
        }
    }

    /// A script of the slides' own.
    fn node(&self, script: &str) -> Command {
        let mut node = self.cargo.in_workspace("node");
        node.arg(Path::new("slides").join(script));
        node
    }

    fn start(&self, command: &mut Command) -> Result<Running> {
        let line = announce(command.stdin(Stdio::null()));
        Ok(Running::start(command).map_err(|cause| Error::Start { command: line, cause })?)
    }

    /// Runs a program to its end, which must be a good one.
    fn run(&self, command: &mut Command) -> Result<()> {
        let running = self.start(command)?;
        let line = running.command().to_owned();
        match running.wait(&self.stop)? {
            Ended::With(status) if status.success() => Ok(()),
            Ended::With(status) => Err(Error::Failed {
                command: line,
                how: format!("ended with {status}"),
            }
            .into()),
            Ended::Stopped => Err(Interrupted.into()),
        }
    }

    /// An error if this program shall end.
    fn go_on(&self) -> Result<()> {
        match self.stop.is_requested() {
            true => Err(Interrupted.into()),
            false => Ok(()),
        }
    }

    /// A directory among what cargo builds, which is removed when it is dropped.
    fn temporary(&self) -> Result<TempDir> {
        let parent = self.kept()?;
        let directory = tempfile::Builder::new().prefix(".built-").tempdir_in(&parent);
        Ok(directory.map_err(|cause| Error::Unwritable { path: parent, cause })?)
    }

    /// The directory of the talk among what cargo builds.
    fn kept(&self) -> Result<PathBuf> {
        let directory = self.cargo.target_directory()?.join("slides");
        match fs::create_dir_all(&directory) {
            Ok(()) => Ok(directory),
            Err(cause) => Err(Error::Unwritable { path: directory, cause }.into()),
        }
    }

    /// Says what was written.
    fn say(&self, paths: &[PathBuf]) -> Result<()> {
        let lines: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
        Ok(command_line::print(lines.as_bytes())?)
    }
}

fn failed(program: &Running, how: String) -> Error {
    Error::Failed {
        command: program.command().to_owned(),
        how,
    }
}

/// The port that was asked for, if it is free, or any.
fn port(port: u16) -> Result<u16> {
    if port == 0 {
        return free_port().context("no port is free for the slides");
    }
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(port),
        Err(cause) => Err(Error::Port { port, cause }.into()),
    }
}

/// Opens the slides in the reader's browser, or says that they have to.
fn open(url: &str) {
    let screen = cfg!(not(target_os = "linux"))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| env::var_os(name).is_some());
    let opened = match screen {
        true => webbrowser::open(url).map_err(|error| error.to_string()),
        false => Err("there is no screen".to_owned()),
    };
    if let Err(why) = opened {
        command_line::note(format_args!(
            "No browser was opened: {why}. Open {url} in one on this machine."
        ));
    }
}
