//! What every program here does with its command line, around its own work.
//!
//! The answer goes to stdout, everything else to stderr, and the exit code is one of sysexits.h. So says [`arguments`]
//! of a wrong command line, [`print()`] of a reader that went away, and [`fail`] of an error. [`typed()`] shows a command
//! that a program runs itself.

mod typed;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::{self, ExitCode};

use anstyle::AnsiColor;
use clap::{CommandFactory, Parser};
use clap_complete::Shell;

pub use typed::typed;

/// The process's arguments. Help and the version are answers and end the program with 0, a wrong command line ends it
/// with 64, where clap itself would say 2.
pub fn arguments<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| {
        // Nothing is left to be done about a closed terminal.
        _ = error.print();
        let code = if error.use_stderr() {
            sysexits::ExitCode::Usage
        } else {
            sysexits::ExitCode::Ok
        };
        process::exit(code as i32)
    })
}

/// A shell's completions for a program.
pub fn completions<A: CommandFactory>(shell: Shell) -> Vec<u8> {
    let mut command = A::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

/// Writes an answer to stdout. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
///
/// What else keeps it from being written, such as a full disk.
pub fn print(answer: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(answer).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Says what went wrong, on stderr, and returns the exit code.
pub fn fail(code: impl Into<u8>, message: impl Display) -> ExitCode {
    let style = AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{style}error:{style:#} {message}");
    ExitCode::from(code.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    #[command(name = "example")]
    struct Arguments {
        #[arg(long)]
        some_option: bool,
    }

    #[test]
    fn completions_know_the_programs_name_and_options() {
        let script = String::from_utf8(completions::<Arguments>(Shell::Bash)).unwrap();
        assert!(script.contains("_example()") && script.contains("--some-option"));
        assert!(!Arguments::parse_from(["example"]).some_option);
    }
}
