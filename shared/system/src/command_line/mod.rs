//! The command line of all programs here.
//!
//! The answer goes to stdout, everything else to stderr, and the exit code is one of `sysexits.h`. [`arguments`]
//! parses the command line, [`print()`] writes the answer, [`note`] a message, [`fail`] an error. [`typed()`] shows a
//! command that a program runs, [`thousands()`] a long number, and [`printable()`] an untrusted text.

mod printable;
mod thousands;
mod typed;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::{self, ExitCode};

use anstyle::AnsiColor;
use clap::{CommandFactory, Parser};
use clap_complete::Shell;

pub use printable::printable;
pub use thousands::thousands;
pub use typed::typed;

/// The process's arguments. Help and the version end the program with 0, a wrong command line with 64 instead of clap's
/// 2.
pub fn arguments<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| {
        // An error of a closed stream is ignored: the process ends anyway.
        _ = error.print();
        let code = if error.use_stderr() {
            sysexits::ExitCode::Usage
        } else {
            sysexits::ExitCode::Ok
        };
        process::exit(code as i32)
    })
}

/// The script that completes a program's options in a shell.
pub fn completions<A: CommandFactory>(shell: Shell) -> Vec<u8> {
    let mut command = A::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

/// Writes an answer to stdout. A closed pipe (`| head`) is no error.
///
/// # Errors
///
/// Any other error, such as a full disk.
pub fn print(answer: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(answer).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to stderr: progress or a warning. Styles are removed if stderr is no terminal. Errors are ignored,
/// where `eprintln!` would panic.
pub fn note(message: impl Display) {
    _ = writeln!(anstream::stderr().lock(), "{message}");
}

/// As [`print()`], for a text with styles, which are removed if stdout is no terminal.
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

/// An error and its causes in one line. A cause that the message contains already is not repeated, because the messages
/// of some errors end with their cause.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        next = cause.source();
    }
    text
}

/// Writes an error to stderr, and returns the exit code.
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
    fn a_cause_is_printed_once() {
        let cause = || Some(io::Error::other("the disk is full"));
        for (message, printed) in [
            ("it can't be written", "it can't be written: the disk is full"),
            (
                "it can't be written: the disk is full",
                "it can't be written: the disk is full",
            ),
        ] {
            assert_eq!(causes(&Failure(message, cause())), printed);
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
