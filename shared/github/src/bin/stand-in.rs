//! Runs a GitHub stand-in on this machine.
//!
//!     cargo run -p github --features stand-in --bin stand-in -- --port 8009 --fault flagger=429:30
//!     curl -s http://127.0.0.1:8009/fluxcd/flagger/pkgs/container/flagger

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use github::pages;
use github::stand_in::{self, Options, StandIn, control, fault::TargetedFault};
use jiff::Timestamp;
use sysexits::ExitCode as Exit;
use system::command_line;

/// Serves generated pages at GitHub's paths, on this machine only, until Ctrl-C.
///
/// /_stand-in controls the clock and the faults, and shows the log of requests. The figures are invented.
#[derive(Parser)]
#[command(name = "stand-in", version, after_long_help = format!("The faults: {}", stand_in::fault::SYNTAX))]
struct Arguments {
    /// The port on 127.0.0.1; 0 for any free one
    #[arg(long, default_value_t = 8009)]
    port: u16,
    /// The organisation; `fluxcd` has Flux's packages, another name three invented ones
    #[arg(long, default_value = "fluxcd")]
    org: String,
    /// Stop the clock at this time, such as 2026-05-10T12:00:00Z
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,
    /// A fault of a package, of a path or of everything (*), for COUNT requests or for all, after AFTER others; can be
    /// repeated
    #[arg(long, value_name = "TARGET=FAULT[*COUNT][@AFTER]")]
    fault: Vec<TargetedFault>,
    /// The number of packages or versions on a page of a list
    #[arg(long, default_value_t = pages::ROWS_A_PAGE, value_name = "COUNT")]
    rows: usize,
    /// Print the completions of a shell and stop
    #[arg(long, value_name = "SHELL")]
    completions: Option<clap_complete::Shell>,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    let (result, code) = match arguments.completions {
        Some(shell) => (
            command_line::print(&command_line::completions::<Arguments>(shell))
                .context("the completions were not written"),
            Exit::IoErr,
        ),
        None => (serve(arguments), Exit::Unavailable),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command_line::fail(code, command_line::causes(&*error)),
    }
}

#[tokio::main]
async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let options = Options {
        organisation: arguments.org.clone(),
        clock: arguments.clock,
        rows_a_page: arguments.rows,
        ..Options::default()
    };
    let stand_in = StandIn::start(address, options).await?;
    for fault in arguments.fault {
        stand_in.add_fault(fault);
    }
    command_line::note(format_args!(
        "A GitHub stand-in; every figure is invented. Ctrl-C stops it. Controls: {}{}",
        stand_in.base_url(),
        control::PREFIX
    ));
    // For a program that starts this one and reads the URL. It may close stdout.
    let _ = writeln!(
        io::stdout(),
        "{}/orgs/{}/packages?ecosystem=container&page=1",
        stand_in.base_url(),
        pages::address::segment(&arguments.org)
    );
    tokio::signal::ctrl_c().await?;
    stand_in.stop().await;
    Ok(())
}
