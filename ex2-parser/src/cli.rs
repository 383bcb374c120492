//! The command line: arguments, input, output and exit codes.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use clap_complete::Shell;
use sysexits::ExitCode as Exit;
use system::command_line;

use crate::{
    Error, Json, MAX_PAGE_BYTES, Package, PackageList, VersionList, dom, stream,
    wasm::{self, TIME_LIMIT},
};

/// Prints the download count that a package page of ghcr.io shows.
///
/// The page comes from a file or from standard input; nothing is fetched. The count alone goes to standard output.
///
/// Exit codes: 0 with an answer, and only then; 64 for a mistake on the command line; 65 for a page without an answer,
/// whose kind (rate_limited, markup_changed, not_a_package_page, truncated, ...) is on standard error; 66 for a file
/// that can't be read; 69 for a parser in WebAssembly that can't be built; 70 for one that fails; 74 for an answer that
/// can't be written.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The page, as HTML; `-` or nothing for standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// What reads the page
    #[arg(long, value_enum, default_value_t = Engine::Stream)]
    engine: Engine,

    /// What the page is
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Kind::Package)]
    page: Kind,

    /// Print all that was read, as JSON
    #[arg(long)]
    json: bool,

    /// Print a shell's completions for this program
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// html5ever's whole tree
    Dom,
    /// This project's own tokenizer: one pass, no tree
    Stream,
    /// The stream engine as a WebAssembly module, under Wasmer
    Wasm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A package page: prints its total
    Package,
    /// A list of packages: prints a line each, name and repository
    List,
    /// A list of versions: prints a line each, id, total and tags
    Versions,
}

/// Why the program doesn't exit with 0: a sentence for stderr, and the exit code.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    message: String,
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    match run(&command_line::arguments()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => command_line::fail(failure.exit, failure.message),
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(shell) = arguments.completions {
        return print(&command_line::completions::<Arguments>(shell));
    }
    let (name, page) = read(arguments.file.as_deref())?;
    let answer = answer(arguments, page.clone()).map_err(|error| {
        let mut failure = Failure::new(&name, &error);
        if let wasm::Error::Page(Error::NotAPackagePage | Error::NotAPackageList | Error::NotAVersionList) = error
            && let Some(kind) = kind_of(&page).and_then(|kind| kind.to_possible_value())
        {
            // The message ends with a question about the kind of the page. This answers it.
            _ = write!(failure.message, " It reads as another kind: --page {}", kind.get_name());
        }
        failure
    })?;
    print(answer.as_bytes())
}

/// The input's name, for messages, and its bytes.
fn read(file: Option<&Path>) -> Result<(String, Vec<u8>), Failure> {
    // Without a FILE, a terminal as standard input is nearly always a mistake. `-` reads from a terminal all the same.
    if file.is_none() && io::stdin().is_terminal() {
        return Err(Failure {
            exit: Exit::Usage,
            message: "no page: name a FILE, or pipe one in, as in `cargo run -q -p github --bin pages -- package | cargo run \
                      -q -p ex2-parser`; --help says more"
                .into(),
        });
    }
    let file = file.filter(|file| *file != Path::new("-"));
    let name = file.map_or_else(
        || "standard input".into(),
        |file| command_line::printable(&file.display().to_string()),
    );
    let unreadable = |error: io::Error| Failure {
        exit: Exit::NoInput,
        message: format!("{name}: it can't be read: {error}; is it the right file?"),
    };
    let mut page = Vec::new();
    // One byte above the limit is enough to detect a page that is too large. The limit also ends an endless input.
    let limit = MAX_PAGE_BYTES as u64 + 1;
    match file {
        Some(file) => File::open(file).map_err(unreadable)?.take(limit).read_to_end(&mut page),
        None => io::stdin().lock().take(limit).read_to_end(&mut page),
    }
    .map_err(unreadable)?;
    if page.len() > MAX_PAGE_BYTES {
        return Err(Failure::new(&name, &Error::TooLarge.into()));
    }
    Ok((name, page))
}

fn answer(arguments: &Arguments, page: Vec<u8>) -> Result<String, wasm::Error> {
    let json = arguments.json;
    match (arguments.page, arguments.engine) {
        (Kind::Package, Engine::Dom) => Ok(render(&dom::package(&page)?, json)),
        (Kind::Package, Engine::Stream) => Ok(render(&stream::package(&page)?, json)),
        (Kind::List, Engine::Dom) => Ok(render(&dom::package_list(&page)?, json)),
        (Kind::List, Engine::Stream) => Ok(render(&stream::package_list(&page)?, json)),
        (Kind::Versions, Engine::Dom) => Ok(render(&dom::version_list(&page)?, json)),
        (Kind::Versions, Engine::Stream) => Ok(render(&stream::version_list(&page)?, json)),
        (kind, Engine::Wasm) => wasm::within(TIME_LIMIT, move |parser| {
            Ok(match kind {
                Kind::Package => render(&parser.package(&page)?, json),
                Kind::List => render(&parser.package_list(&page)?, json),
                Kind::Versions => render(&parser.version_list(&page)?, json),
            })
        }),
    }
}

/// The kind of page that the bytes are, if any parser accepts them.
fn kind_of(page: &[u8]) -> Option<Kind> {
    if stream::package(page).is_ok() {
        Some(Kind::Package)
    } else if stream::package_list(page).is_ok() {
        Some(Kind::List)
    } else if stream::version_list(page).is_ok() {
        Some(Kind::Versions)
    } else {
        None
    }
}

fn render<T: Json + Lines>(value: &T, json: bool) -> String {
    if json { value.to_json() + "\n" } else { value.lines() }
}

/// A value as plain lines, for people and for tools such as `cut`.
trait Lines {
    fn lines(&self) -> String;
}

impl Lines for Package {
    fn lines(&self) -> String {
        format!("{}\n", self.total)
    }
}

impl Lines for PackageList {
    fn lines(&self) -> String {
        let mut lines = String::new();
        for package in &self.packages {
            _ = writeln!(
                lines,
                "{}\t{}",
                package.name,
                package.repository.as_deref().unwrap_or("-")
            );
        }
        lines
    }
}

impl Lines for VersionList {
    fn lines(&self) -> String {
        let mut lines = String::new();
        for version in &self.versions {
            let tags = if version.tags.is_empty() {
                "-".into()
            } else {
                version.tags.join(",")
            };
            _ = writeln!(lines, "{}\t{}\t{tags}", version.id, version.total);
        }
        lines
    }
}

impl Failure {
    fn new(name: &str, error: &wasm::Error) -> Self {
        let (exit, message) = match error {
            wasm::Error::Page(error) => (Exit::DataErr, format!("{name}: {}: {error}", error.kind())),
            wasm::Error::Guest(error) => (Exit::Unavailable, error.to_string()),
            error => (
                Exit::Software,
                format!("{name}: {}", command_line::printable(&error.to_string())),
            ),
        };
        Self { exit, message }
    }
}

fn print(text: &[u8]) -> Result<(), Failure> {
    command_line::print(text).map_err(|error| Failure {
        exit: Exit::IoErr,
        message: format!("the answer can't be written: {error}"),
    })
}
