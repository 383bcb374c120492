//! Runs a program in the Debian root, which is built first where it is not there. For work on the Rails application:
//!
//!     cd ex3-stats-tracker/rails && cargo run -p system --bin debian-root -- bin/rails test
//!
//! It sees this workspace, /tmp and the network, and is given this environment, without what is about the machine's own
//! Ruby. `cargo run -p system --bin debian-root -- --rebuild` makes the root anew with what Debian offers today.

use std::{env, ffi::OsString, os::unix::process::CommandExt, process::ExitCode};

use clap::Parser;
use sysexits::ExitCode as Exit;
use system::debian_root::{self, DebianRoot, Error};
use system::{command_line, workspace};

/// What would send a program in the root looking in the machine's own directories.
const OF_THE_MACHINE: [&str; 10] = [
    "BUNDLE_", "BUNDLER_", "GEM_", "HOME", "LANG", "LC_", "LD_", "PATH", "RUBY", "TMPDIR",
];

/// Runs a program in Debian 13 with Rails, beside the machine's own programs; makes that Debian first where it is not
/// there.
///
/// The program sees this workspace, /tmp and the network, and ends as it ends by itself. Exit codes of this command's
/// own: 64 a wrong command line, 69 something is missing or can't be started, 74 the answer can't be written.
#[derive(Debug, Parser)]
#[command(name = "debian-root", version)]
struct Arguments {
    /// Make the root if it is not there, and print where it lies
    #[arg(long, conflicts_with_all = ["rebuild", "program"])]
    build: bool,

    /// Make the root anew with what Debian offers today, and print where it lies
    #[arg(long, conflicts_with = "program")]
    rebuild: bool,

    /// The program, for example ruby
    #[arg(value_name = "PROGRAM", required_unless_present_any = ["build", "rebuild"])]
    program: Option<OsString>,

    /// Its arguments, for example -v
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    let root = if arguments.rebuild {
        DebianRoot::rebuild()
    } else {
        DebianRoot::get()
    };
    let root = match root {
        Ok(root) => root,
        Err(error) => return command_line::fail(Exit::Unavailable, error),
    };
    match arguments.program {
        Some(program) => command_line::fail(
            Exit::Unavailable,
            become_the_program(&root, program, arguments.arguments),
        ),
        None => match command_line::print(format!("{}\n", root.directory().display()).as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => command_line::fail(
                Exit::IoErr,
                format_args!("the answer can't be written to stdout: {error}"),
            ),
        },
    }
}

/// This process becomes the program, so that signals and the terminal are the program's. Returns only if it can't.
fn become_the_program(root: &DebianRoot, program: OsString, arguments: Vec<OsString>) -> Error {
    let mut inside = root.command(program).args(arguments).write(workspace()).write("/tmp");
    if let Some(storage) = env::var_os("STATS_TRACKER_STORAGE") {
        inside = inside.write(storage);
    }
    if let Ok(directory) = env::current_dir() {
        inside = inside.current_dir(directory);
    }
    for (name, value) in env::vars_os() {
        let of_the_machine = |prefix: &&str| name.to_string_lossy().starts_with(*prefix);
        if !OF_THE_MACHINE.iter().any(of_the_machine) {
            inside = inside.env(name, value);
        }
    }
    match inside.command() {
        Ok(mut command) => Error::Io {
            what: format!("starting {}", debian_root::RUNNER),
            error: command.exec(),
        },
        Err(error) => error,
    }
}
