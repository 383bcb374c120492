//! Runs the commands.

use std::process::ExitCode;

use system::command_line;

use super::arguments::{Arguments, Command};
use super::error::{Error, print};
use super::serve::serve;
use super::stop::Stop;
#[cfg(feature = "tracker")]
use super::{compile::compile, export::export, measure::measure, up::up};

/// Runs the command. The answer goes to stdout, everything else to stderr.
///
/// # Errors
///
/// If there is no answer.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    if let Some(shell) = arguments.completions {
        print(&command_line::completions::<Arguments>(shell))?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(format!("threads can't be started: {error}"), sysexits::ExitCode::OsErr))?;
    let result = runtime.block_on(async {
        // Registered first, so that a Ctrl-C during a build ends its processes too.
        let mut stop = Stop::listen()?;
        #[cfg(feature = "tracker")]
        let command = arguments.command.unwrap_or(Command::Up(arguments.up));
        #[cfg(not(feature = "tracker"))]
        let command = arguments.command;
        match command {
            #[cfg(feature = "tracker")]
            Command::Measure(options) => measure(options, &mut stop).await,
            #[cfg(feature = "tracker")]
            Command::Compile(options) => compile(options),
            #[cfg(feature = "tracker")]
            Command::Export(options) => export(options, &mut stop).await,
            Command::Serve(options) => serve(options, &mut stop).await,
            #[cfg(feature = "tracker")]
            Command::Up(options) => up(options, &mut stop).await,
        }
    });
    // An interrupted build is not waited for.
    runtime.shutdown_background();
    result.map(ExitCode::from)
}
