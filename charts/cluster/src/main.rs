//! Runs a tool at its pinned version, which is built first if it is missing:
//!
//!     cargo run -p cluster -- helm template charts/stats-tracker
//!
//! `cargo run -p cluster -- --serve` starts an API server with the custom resources, prints the path of its kubeconfig,
//! and ends it on Ctrl-C. `cargo run -p cluster -- --build` builds the tools of `cargo xtask test` and prints their paths.

use std::{env, os::unix::process::CommandExt, path::Path, process::ExitCode};

use cluster::{ApiServer, Error, Tool, custom_resources};
use system::command_line;
use tokio::runtime::Runtime;

/// The exit codes of `sysexits.h`: a wrong command line.
const USAGE: u8 = 64;
/// A service is unavailable.
const UNAVAILABLE: u8 = 69;
/// The answer can't be written.
const IO: u8 = 74;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let first = arguments.next();
    let first = first.as_ref().and_then(|first| first.to_str()).unwrap_or_default();
    let result = match first {
        "--build" => build(),
        "--serve" => serve(),
        name => match Tool::every().find(|tool| tool.name() == name) {
            Some(tool) => tool.command().and_then(|mut command| {
                // The tool replaces this process, so that it gets the signals and the terminal.
                Err(Error::Io {
                    what: format!("starting {name}"),
                    error: command.args(arguments).exec(),
                })
            }),
            None => {
                let names: Vec<_> = Tool::every().map(Tool::name).collect();
                let names = names.join(", ");
                let usage = format!("usage: --build, --serve, or a tool and its arguments; the tools are: {names}");
                if ["--help", "-h"].contains(&name) {
                    return match command_line::print(format!("{usage}\n").as_bytes()) {
                        Ok(()) => ExitCode::SUCCESS,
                        Err(error) => command_line::fail(IO, error),
                    };
                }
                return command_line::fail(USAGE, usage);
            }
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command_line::fail(UNAVAILABLE, error),
    }
}

fn build() -> Result<(), Error> {
    for tool in Tool::ALL {
        print_path(&tool.path()?)?;
    }
    print_path(&custom_resources::directory()?)
}

fn print_path(path: &Path) -> Result<(), Error> {
    command_line::print(format!("{}\n", path.display()).as_bytes()).map_err(|error| Error::Io {
        what: "writing to stdout".into(),
        error,
    })
}

fn serve() -> Result<(), Error> {
    let server = ApiServer::start()?;
    server.define_custom_resources()?;
    print_path(server.kubeconfig())?;
    Runtime::new()
        .and_then(|runtime| runtime.block_on(tokio::signal::ctrl_c()))
        .map_err(|error| Error::Io {
            what: "waiting for Ctrl-C".into(),
            error,
        })
}
