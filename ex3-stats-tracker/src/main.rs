//! The tracker on one machine: an organisation's container downloads, measured through the Spin component.
//!
//!     cargo run -p ex3-stats-tracker -- measure --stand-in
//!     cargo run -p ex3-stats-tracker -- measure --org fluxcd --json

use std::process::ExitCode;

use ex3_stats_tracker::cli;
use system::command_line;

fn main() -> ExitCode {
    cli::run(command_line::arguments()).unwrap_or_else(|error| command_line::fail(error.exit_code(), error))
}
