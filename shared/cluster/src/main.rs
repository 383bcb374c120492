//! Runs a tool at its pinned version, which is built first where it is not there:
//!
//!     cargo run -p cluster -- helm template charts/stats-tracker
//!
//! `cargo run -p cluster -- --serve` starts an API server with the custom resources, prints the path of its kubeconfig,
//! and ends it on Ctrl-C. `cargo run -p cluster -- --build` builds every tool and says where it lies.

use std::{env, os::unix::process::CommandExt, process::ExitCode};

use cluster::{ApiServer, Error, Tool, custom_resources};
use tokio::runtime::Runtime;

/// sysexits: the command line, and a service that is not there.
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;

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
                eprintln!("say --build, --serve or a tool and its arguments; the tools are: {names}");
                return ExitCode::from(USAGE);
            }
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(UNAVAILABLE)
        }
    }
}

fn build() -> Result<(), Error> {
    for tool in Tool::ALL {
        println!("{}", tool.path()?.display());
    }
    println!("{}", custom_resources::directory()?.display());
    Ok(())
}

fn serve() -> Result<(), Error> {
    let server = ApiServer::start()?;
    server.define_custom_resources()?;
    println!("{}", server.kubeconfig().display());
    Runtime::new()
        .and_then(|runtime| runtime.block_on(tokio::signal::ctrl_c()))
        .map_err(|error| Error::Io {
            what: "waiting for Ctrl-C".into(),
            error,
        })
}
