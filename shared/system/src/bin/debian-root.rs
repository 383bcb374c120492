//! Runs a program in the Debian root, which is built first if it does not exist. For work on the Rails application:
//!
//!     cd ex3-stats-tracker/rails && cargo run -p system --bin debian-root -- bin/rails test
//!
//! The program has access to this workspace, /tmp and the network. It inherits the environment, except variables for
//! the machine's own programs, such as its Ruby. `cargo run -p system --bin debian-root -- --rebuild` builds the root
//! again with Debian's current packages.

use std::{env, ffi::OsString, os::unix::process::CommandExt, process::ExitCode};

use clap::Parser;
use sysexits::ExitCode as Exit;
use system::debian_root::{self, DebianRoot, Error};
use system::{command_line, workspace};

/// Prefixes of variables that name the machine's own directories and programs, and must not reach the root.
const MACHINE_VARIABLES: [&str; 10] = [
    "BUNDLE_", "BUNDLER_", "GEM_", "HOME", "LANG", "LC_", "LD_", "PATH", "RUBY", "TMPDIR",
];

/// Runs a program in a Debian 13 with Rails, separate from the machine's own programs. The first run builds that
/// Debian.
///
/// The program has access to this workspace, /tmp and the network. The exit code is the program's own, or 64 for a
/// wrong command line, 69 if something is missing or can't be started, 74 if the answer can't be written.
#[derive(Debug, Parser)]
#[command(name = "debian-root", version)]
struct Arguments {
    /// Build the root if it does not exist, and print its path
    #[arg(long, conflicts_with_all = ["rebuild", "program"])]
    build: bool,

    /// Build the root again with Debian's current packages, and print its path
    #[arg(long, conflicts_with = "program")]
    rebuild: bool,

    /// The program, for example ruby
    #[arg(value_name = "PROGRAM", required_unless_present_any = ["build", "rebuild"])]
    program: Option<OsString>,

    /// The program's arguments, for example -v
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
        Some(program) => command_line::fail(Exit::Unavailable, exec(&root, program, arguments.arguments)),
        None => match command_line::print(format!("{}\n", root.directory().display()).as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => command_line::fail(
                Exit::IoErr,
                format_args!("the answer can't be written to stdout: {error}"),
            ),
        },
    }
}

/// Replaces this process by the program, so that the program gets the signals and the terminal. Returns only on
/// failure.
fn exec(root: &DebianRoot, program: OsString, arguments: Vec<OsString>) -> Error {
    let mut inside = root.command(program).args(arguments).write(workspace()).write("/tmp");
    if let Some(storage) = env::var_os("STATS_TRACKER_STORAGE") {
        inside = inside.write(storage);
    }
    if let Ok(directory) = env::current_dir() {
        inside = inside.current_dir(directory);
    }
    for (name, value) in env::vars_os() {
        let has_prefix = |prefix: &&str| name.to_string_lossy().starts_with(*prefix);
        if !MACHINE_VARIABLES.iter().any(has_prefix) {
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
