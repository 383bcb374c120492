//! What every program here does with its command line, around its own work.
//!
//! The answer goes to stdout, everything else to stderr, and the exit code is one of sysexits.h. So says [`arguments`]
//! of a wrong command line, [`print()`] and [`note`] of a reader that went away, and [`fail`] of an error. [`typed()`]
//! shows a command that a program runs itself, and [`printable()`] a text of somebody else.

mod printable;
mod typed;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::{self, ExitCode};

use anstyle::AnsiColor;
use clap::{CommandFactory, Parser};
use clap_complete::Shell;

pub use printable::printable;
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

/// Writes a line to stderr: progress, a warning. Styles are for terminals only. That nobody reads it ends nothing, where
/// `eprintln!` would panic.
pub fn note(message: impl Display) {
    _ = writeln!(anstream::stderr().lock(), "{message}");
}

/// The same for a text with styles, which are for terminals only.
///
/// # Errors
///
/// As [`print()`].
pub fn print_styled(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// An error and its causes in one sentence. A cause that a message names already is not said again: errors differ in
/// whether their own message ends with it.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

/// Says what went wrong, on stderr, and returns the exit code.
pub fn fail(code: impl Into<u8>, message: impl Display) -> ExitCode {
    let style = AnsiColor::Red.on_default().bold();
    note(format_args!("{style}error:{style:#} {message}"));
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

    /// An error with or without its cause in its own message.
    #[derive(Debug)]
    struct Failure(&'static str, Option<io::Error>);

    impl Display for Failure {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Failure {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_ref().map(|cause| cause as _)
        }
    }

    #[test]
    fn a_cause_is_said_once() {
        let cause = || Some(io::Error::other("the disk is full"));
        for (message, said) in [
            ("it can't be written", "it can't be written: the disk is full"),
            (
                "it can't be written: the disk is full",
                "it can't be written: the disk is full",
            ),
        ] {
            assert_eq!(causes(&Failure(message, cause())), said);
        }
        assert_eq!(causes(&Failure("alone", None)), "alone");
    }

    #[test]
    fn completions_know_the_programs_name_and_options() {
        let script = String::from_utf8(completions::<Arguments>(Shell::Bash)).unwrap();
        assert!(script.contains("_example()") && script.contains("--some-option"));
        assert!(!Arguments::parse_from(["example"]).some_option);
    }
}
