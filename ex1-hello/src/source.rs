//! Reads a module: `hello.wat`, or the reader's file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The module of the lesson. `hello.html` loads the same one in a browser.
pub const HELLO_WAT: &str = include_str!("../hello.wat");

/// The largest file that is read, in bytes. A module written by hand has a few kilobytes. Cranelift compiles a module
/// of this size within the time limit.
pub const SIZE_LIMIT: u64 = 4 << 20;

/// The first bytes of a binary module. Any other file is read as text.
const BINARY_MAGIC: &[u8] = b"\0asm";

/// A module as it was written.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in messages.
    pub name: String,
    /// Text, or a binary module.
    pub bytes: Cow<'static, [u8]>,
}

/// A module can't be read or assembled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is missing, is a directory, may not be read...
    #[error("{} can't be read: {cause}{}", printable(.path), hint(.cause))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The file is empty.
    #[error("{0} is empty: write a module into it, ex1-hello/hello.wat shows how")]
    Empty(String),
    /// The file is larger than [`SIZE_LIMIT`], or has no end.
    #[error("{0} has more than {limit} MiB, the largest size that is read: name a smaller module", limit = SIZE_LIMIT >> 20)]
    TooLarge(String),
    /// The text can't be assembled.
    #[error("{name} is not a module: {message}")]
    NotWat {
        /// The file's name, with line and column where they are known.
        name: String,
        /// The fault at that place.
        message: String,
    },
}

/// The next step, for the causes that have a usual one.
fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::NotFound => "; if you meant a command, see --help",
        io::ErrorKind::IsADirectory => "; name a file in it",
        _ => "",
    }
}

/// A path for a message, on one line.
fn printable(path: &Path) -> String {
    one_line(&path.display().to_string())
}

/// Makes text of unknown origin safe for one line of a terminal: control characters are escaped, and the rest of a long
/// text is cut.
pub(crate) fn one_line(text: &str) -> String {
    const MAX_LENGTH: usize = 200;
    let mut line: String = text
        .chars()
        .take(MAX_LENGTH)
        .flat_map(|character| {
            let escaped = character.is_control().then(|| character.escape_default());
            escaped
                .into_iter()
                .flatten()
                .chain((!character.is_control()).then_some(character))
        })
        .collect();
    if text.chars().nth(MAX_LENGTH).is_some() {
        line.push('…');
    }
    line
}

impl Source {
    /// `hello.wat`.
    pub fn hello() -> Self {
        Self {
            name: "hello.wat".to_owned(),
            bytes: Cow::Borrowed(HELLO_WAT.as_bytes()),
        }
    }

    /// Reads a `.wat` or `.wasm` file, up to [`SIZE_LIMIT`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = printable(path);
        let mut bytes = Vec::new();
        File::open(path)
            // One byte more than the limit, so that a file of exactly the limit differs from a longer one.
            .and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes))
            .map_err(|cause| Error::Unreadable {
                path: path.to_owned(),
                cause,
            })?;
        match bytes.len() as u64 {
            0 => Err(Error::Empty(name)),
            1..=SIZE_LIMIT => Ok(Self {
                name,
                bytes: bytes.into(),
            }),
            _ => Err(Error::TooLarge(name)),
        }
    }

    /// The binary module. Text is assembled; binary is returned as it is.
    pub fn assemble(&self) -> Result<Cow<'_, [u8]>, Error> {
        if self.bytes.starts_with(BINARY_MAGIC) {
            return Ok(Cow::Borrowed(&self.bytes));
        }
        wat::parse_bytes(&self.bytes).map_err(|error| {
            let (position, message) = position_and_message(&error.to_string());
            Error::NotWat {
                name: format!("{}{position}", self.name),
                message,
            }
        })
    }
}

/// Reads position and message from an error of the crate `wat`, which looks like this:
///
/// ```text
/// expected `(`
///      --> <anon>:1:1
///       |
///     1 | hello
///       | ^
/// ```
fn position_and_message(report: &str) -> (String, String) {
    let message = one_line(report.lines().next().unwrap_or_default());
    let position = report
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("--> <anon>:"))
        .and_then(|position| position.split_once(':'))
        .map(|(line, column)| format!(", line {line}, column {column},"))
        .unwrap_or_default();
    (position, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &[u8]) -> String {
        let source = Source {
            name: "own.wat".to_owned(),
            bytes: text.to_vec().into(),
        };
        source.assemble().unwrap_err().to_string()
    }

    #[test]
    fn hello_wat_is_a_module() {
        assert!(Source::hello().assemble().unwrap().starts_with(BINARY_MAGIC));
    }

    #[test]
    fn a_binary_module_passes_as_it_is() {
        let bytes = b"\0asm\x01\0\0\0";
        let source = Source {
            name: "own.wasm".to_owned(),
            bytes: bytes.into(),
        };
        assert_eq!(*source.assemble().unwrap(), *bytes);
    }

    #[test]
    fn a_mistake_in_the_text_is_named_with_its_place() {
        let error = error_of(b"(module\n  (func (export \"helloWorld\")\n    call $log))");
        assert_eq!(
            error,
            "own.wat, line 3, column 10, is not a module: unknown func: failed to find name `$log`"
        );
    }

    #[test]
    fn what_is_not_text_is_named() {
        assert_eq!(
            error_of(b"\xff\xfe(module)"),
            "own.wat is not a module: input bytes aren't valid utf-8"
        );
        assert_eq!(
            error_of(b"PNG \x1b[31m"),
            "own.wat, line 1, column 5, is not a module: unexpected character '\\u{1b}'"
        );
    }

    #[test]
    fn foreign_text_stays_on_its_line() {
        assert_eq!(one_line("a\nb\x1b[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(one_line(&"x".repeat(5_000)).chars().count(), 201);
    }
}
