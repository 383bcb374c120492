//! Runs a program in the Debian root, which is built first where it is not there. For work on the Rails application:
//!
//!     cd ex3-stats-tracker/rails && cargo run -p debian-root -- bin/rails test
//!
//! It sees this workspace, /tmp and the network, and is given this environment, without what is about the machine's own
//! Ruby. `cargo run -p debian-root -- --rebuild` makes the root anew with what Debian offers today.

use std::{
    env,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use debian_root::{DebianRoot, Error};

/// sysexits: the command line, and a service that is not there.
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;

/// What would send a program in the root looking in the machine's own directories.
const OF_THE_MACHINE: [&str; 10] = [
    "BUNDLE_", "BUNDLER_", "GEM_", "HOME", "LANG", "LC_", "LD_", "PATH", "RUBY", "TMPDIR",
];

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("say which program to run: cargo run -p debian-root -- ruby -v");
        return ExitCode::from(USAGE);
    };
    let result = if program == "--rebuild" {
        DebianRoot::rebuild().map(|root| println!("{}", root.directory().display()))
    } else if program == "--build" {
        DebianRoot::get().map(|root| println!("{}", root.directory().display()))
    } else {
        DebianRoot::get().and_then(|root| {
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
            // This process becomes the program, so that signals and the terminal are the program's.
            Err(Error::Io {
                what: format!("starting {}", debian_root::RUNNER),
                error: inside.command()?.exec(),
            })
        })
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(UNAVAILABLE)
        }
    }
}

fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}
