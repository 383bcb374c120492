//! The project's own commands. `cargo xtask --help` lists them.
//!
//!     cargo xtask demo     set up what is missing, then the whole tracker with the stand-in
//!     cargo xtask test     set up what is missing, then run every check, except the tests that take long
//!     cargo xtask slides   set up what is missing, then serve the talk, with the tracker beside it

mod bench;
mod check;
mod deny;
mod hosts;
mod matrix;
mod prisoners;
mod processes;
mod readme;
mod records;
mod run;
mod selection;
mod setup;
mod slides;
mod test_programs;
mod unchanged;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use system::{command_line, workspace};
use wasm::guests;

use check::Extent;
use run::{Cargo, FAILED};
use setup::Purpose;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up what is missing, then run the tracker with the stand-in and 400 days of history
    Demo,
    /// Set up what is missing, then run every check, except the tests that take long
    Test {
        /// Leave out the tests of an example if they passed with the same files, those of what it uses included
        #[arg(long, conflicts_with = "everything")]
        changed: bool,
        /// Run the tests that take long, too. Without it they are named at the end
        #[arg(long)]
        everything: bool,
    },
    /// Install what building, running and testing need, with the reasons
    Setup {
        /// Only print what would be installed, with the reasons
        #[arg(long)]
        dry_run: bool,
    },
    /// Build all WebAssembly guests, and print the paths of the modules
    Guests,
    /// Run the parser's module in eight hosts of six languages: the same answers, and the times
    Hosts(hosts::Options),
    /// Run twenty guests that misbehave in eight hosts with limits, and record which host contains which
    Prisoners(prisoners::Options),
    /// Build the container images, each as a directory in OCI's image layout
    Images {
        /// The arguments that `images --help` lists
        #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Publish the images, Spin's artifact and the chart in a registry, with bills of materials, signed
    Release {
        /// The arguments that `release --help` lists
        #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Compare the snippets and outputs of the READMEs and the talk with their sources
    Readme {
        /// Replace the blocks that differ
        #[arg(long)]
        write: bool,
    },
    /// Run the benches and record their figures, one file for each run
    Bench(bench::Options),
    /// Show a record's figures: the matrix, all cases, the answers to the questions, the bias
    Matrix(matrix::Options),
    /// Give the talk: build its slides, serve them with the tracker beside them, and open a browser
    Slides(slides::Options),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    run(arguments.command).unwrap_or_else(|error| {
        // These errors have an exit code of their own.
        let record = error.downcast_ref::<::bench::matrix::record::Error>();
        let slides = error.downcast_ref::<slides::Error>();
        let code = record
            .map(|error| error.exit_code() as u8)
            .or_else(|| slides.map(slides::Error::exit_code));
        command_line::fail(code.unwrap_or(FAILED), command_line::causes(&*error))
    })
}

fn run(command: Command) -> Result<ExitCode> {
    let cargo = Cargo::new(workspace().to_path_buf());
    match command {
        Command::Demo => setup::demo(&cargo, workspace(), || {
            cargo.run_until_stopped(&[
                "run",
                "--package",
                setup::TRACKER,
                "--",
                "--stand-in",
                "--history",
                "400",
            ])
        }),
        Command::Test { changed, everything } => {
            setup::set_up(Purpose::Test, &cargo, workspace())?;
            let extent = match (changed, everything) {
                (true, _) => Extent::Changed,
                (_, true) => Extent::Everything,
                _ => Extent::Usual,
            };
            check::all(&cargo, extent)
        }
        Command::Setup { dry_run: true } => {
            command_line::print_styled(&setup::plan(Purpose::Test, workspace()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Setup { dry_run: false } => {
            setup::set_up(Purpose::Test, &cargo, workspace()).map(|()| ExitCode::SUCCESS)
        }
        Command::Guests => {
            for guest in guests::ALL {
                command_line::print(format!("{}\n", guest.build()?.display()).as_bytes())?;
            }
            // The lesson of ex2-parser reads the first module, and spin.toml names the second.
            for guest in [guests::PARSER_STREAM, guests::SPIN_COMPONENT] {
                let copy = guest.copy_to_target()?;
                command_line::print(format!("{}\n", copy.display()).as_bytes())?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Hosts(options) => hosts::run(&cargo, &options),
        Command::Prisoners(options) => prisoners::run(&cargo, &options),
        Command::Images { arguments } => cargo.run_package("images", &arguments),
        Command::Release { arguments } => cargo.run_package("release", &arguments),
        Command::Readme { write } => readme::run(workspace(), &cargo, write),
        Command::Bench(options) => bench::run(workspace(), &cargo, &options),
        Command::Matrix(options) => matrix::run(workspace(), &cargo, &options),
        Command::Slides(options) => slides::run(workspace(), &cargo, &options),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "xtask", &mut script);
            command_line::print(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
