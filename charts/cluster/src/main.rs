//! Runs a tool at its pinned version, which is built first where it is not there:
//!
//!     cargo run -p cluster -- helm template charts/stats-tracker
//!
//! `cargo run -p cluster -- --serve` starts an API server with the custom resources, prints the path of its kubeconfig,
//! and ends it on Ctrl-C. `cargo run -p cluster -- --build` builds every tool and says where it lies.

use std::{env, os::unix::process::CommandExt, path::Path, process::ExitCode};

use cluster::{ApiServer, Error, Tool, custom_resources};
use system::command_line;
use tokio::runtime::Runtime;

/// sysexits: the command line, a service that is not there, and an answer that can't be written.
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;
const IO: u8 = 74;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let first = arguments.next();
    let first = first.as_ref().and_then(|first| first.to_str()).unwrap_or_default();
    let result = match first {
        "--build" => build(),
        "--serve" => serve(),
        name => match Tool::ALL.into_iter().find(|tool| tool.name() == name) {
            Some(tool) => tool.command().and_then(|mut command| {
                // This process becomes the tool, so that signals and the terminal are the tool's.
                Err(Error::Io {
                    what: format!("starting {name}"),
                    error: command.args(arguments).exec(),
                })
            }),
            None => {
                let names = Tool::ALL.map(Tool::name).join(", ");
                let usage = format!("say --build, --serve or a tool and its arguments; the tools are: {names}");
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
        say(&tool.path()?)?;
    }
    say(&custom_resources::directory()?)
}

fn say(path: &Path) -> Result<(), Error> {
    command_line::print(format!("{}\n", path.display()).as_bytes()).map_err(|error| Error::Io {
        what: "writing to stdout".into(),
        error,
    })
}

fn serve() -> Result<(), Error> {
    let server = ApiServer::start()?;
    server.define_custom_resources()?;
    say(server.kubeconfig())?;
    Runtime::new()
        .and_then(|runtime| runtime.block_on(tokio::signal::ctrl_c()))
        .map_err(|error| Error::Io {
            what: "waiting for Ctrl-C".into(),
            error,
        })
}
