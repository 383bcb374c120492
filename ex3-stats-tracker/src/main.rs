//! The tracker on one machine: an organisation's container downloads, measured through the Spin component.
//!
//!     cargo run -p ex3-stats-tracker -- measure --stand-in
//!     cargo run -p ex3-stats-tracker -- measure --org fluxcd --json

use std::process::ExitCode;

use clap::Parser;
use ex3_stats_tracker::cli;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // sysexits: 64 is a usage error; help and version are answers.
            return if error.use_stderr() {
                sysexits::ExitCode::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    cli::run(arguments).unwrap_or_else(|error| {
        eprintln!("ex3-stats-tracker: {error}");
        error.exit_code()
    })
}
