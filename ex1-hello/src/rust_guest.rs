//! The same program written in Rust: the package `hello-guest`, run under WASI.
//!
//! WASI's many imports come from `wasmer-wasix`, which takes longer to build than all of this package's dependencies
//! but wasmer. So this program doesn't contain it: it builds `wasi-host` when a WASI guest is first asked for.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

/// Why the guest was not run. What it did when it ran is its exit status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guest can't be built.
    #[error(transparent)]
    Guest(#[from] guests::Error),
    /// Where this program lies is unknown, so where `wasi-host` lies is too.
    #[error("it is not known where this program lies, and so neither where wasi-host is: {0}")]
    NoDirectory(#[source] io::Error),
    /// A program can't be started.
    #[error("{program} can't be started: {cause}; {next_step}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        cause: io::Error,
        /// What to do about it.
        next_step: &'static str,
    },
    /// `wasi-host` can't be built. What cargo printed stands on stderr.
    #[error("wasi-host can't be built: `{command}` ended with {status}; what cargo said stands above")]
    Build {
        /// The command line.
        command: String,
        /// How cargo ended.
        status: ExitStatus,
    },
}

/// Builds the guest and its host where that is needed, and runs the guest.
pub fn run(time_limit: Duration) -> Result<ExitStatus, Error> {
    let guest = guests::HELLO.build()?;
    let host = build_host()?;
    start(
        Command::new(&host)
            .arg("--time-limit")
            .arg(time_limit.as_secs().to_string())
            .arg(guest),
        "run cargo build -p wasi-host and see what it says",
    )
}

/// Makes sure that `wasi-host` lies beside this program and is up to date.
fn build_host() -> Result<PathBuf, Error> {
    let this = env::current_exe().map_err(Error::NoDirectory)?;
    let directory = this.parent().unwrap_or(Path::new("."));
    let host = directory.join(format!("wasi-host{}", env::consts::EXE_SUFFIX));
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // A program that was moved away from its source runs what was put beside it.
    if is_current(&host, workspace) || host.is_file() && !workspace.is_dir() {
        return Ok(host);
    }

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--package",
        "wasi-host",
        "--bin",
        "wasi-host",
        "--profile",
        profile(directory),
    ]);
    if let Some(target) = directory.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    cargo.arg("--manifest-path").arg(workspace.join("Cargo.toml"));
    let command = command_line(&cargo);
    eprintln!("building the host for WASI guests; the first time this takes some minutes: {command}");
    let started = SystemTime::now();
    // The answer alone belongs on stdout.
    let status = start(cargo.stdout(Stdio::null()), "install Rust from https://rustup.rs")?;
    if !status.success() {
        return Err(Error::Build { command, status });
    }
    // Where cargo found nothing to do the program kept its age, and would be asked about again each time.
    _ = fs::File::open(&host).and_then(|program| program.set_modified(started));
    Ok(host)
}

/// Whether a program is newer than all it was built from, which cargo lists in a file beside it. Cargo itself would
/// know too, and take longer to say so than the guest takes to run.
fn is_current(program: &Path, workspace: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    let (Ok(built), Ok(list)) = (modified(program), fs::read_to_string(program.with_extension("d"))) else {
        return false;
    };
    let manifests = ["Cargo.lock", "Cargo.toml", "shared/wasi-host/Cargo.toml"].map(|file| workspace.join(file));
    sources(&list)
        .into_iter()
        .chain(manifests)
        .all(|source| modified(&source).is_ok_and(|changed| changed <= built))
}

/// The files in a rule of a makefile: `program: source source`, where a space in a name has a backslash before it.
fn sources(rule: &str) -> Vec<PathBuf> {
    let (_, sources) = rule.trim_end().split_once(": ").unwrap_or_default();
    let escaped = sources.replace("\\ ", "\0");
    escaped
        .split(' ')
        .filter(|source| !source.is_empty())
        .map(|source| source.replace('\0', " ").into())
        .collect()
}

/// The cargo profile whose output goes to a directory.
fn profile(directory: &Path) -> &str {
    match directory.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(name) => name,
    }
}

fn start(command: &mut Command, next_step: &'static str) -> Result<ExitStatus, Error> {
    command.status().map_err(|cause| Error::Start {
        program: command.get_program().display().to_string(),
        cause,
        next_step,
    })
}

fn command_line(command: &Command) -> String {
    let words: Vec<OsString> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(Into::into)
        .collect();
    words.join(" ".as_ref()).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_lists_its_sources() {
        let rule = "/target/debug/wasi-host: /a/lib.rs /with\\ space/main.rs\n";
        assert_eq!(
            sources(rule),
            [Path::new("/a/lib.rs"), Path::new("/with space/main.rs")]
        );
        assert!(sources("").is_empty());
    }

    #[test]
    fn a_program_is_current_until_a_source_changes_or_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        let touch = |name: &str, seconds: u64| {
            let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::create_dir_all(file(name).parent().unwrap()).unwrap();
            fs::File::create(file(name)).unwrap().set_modified(changed).unwrap();
        };
        for source in ["Cargo.lock", "Cargo.toml", "shared/wasi-host/Cargo.toml", "lib.rs"] {
            touch(source, 1_000);
        }
        touch("program", 2_000);
        let is_current = || is_current(&file("program"), directory.path());
        assert!(!is_current(), "without a list it is not known");
        fs::write(file("program.d"), format!("program: {}\n", file("lib.rs").display())).unwrap();
        assert!(is_current());

        touch("lib.rs", 3_000);
        assert!(!is_current());
        touch("program", 4_000);
        assert!(is_current());
        touch("Cargo.lock", 5_000);
        assert!(!is_current());
        touch("program", 6_000);
        assert!(is_current());
        fs::remove_file(file("lib.rs")).unwrap();
        assert!(!is_current());
    }
}
