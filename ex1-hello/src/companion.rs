//! Other programs of this workspace, built when they are first needed.
//!
//! A WASI guest needs `wasmer-wasix`, which takes longer to build than all other dependencies except wasmer. So this
//! program does not contain it. It starts another program that does, and builds that program first if it is missing or
//! its source has changed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use system::command_line;
use wasm::guests;

/// A program of this workspace, with the name of its package, which is a directory in `shared`.
#[derive(Clone, Copy, Debug)]
pub struct Companion {
    /// The package's name.
    pub package: &'static str,
    /// A description for the message before the build.
    pub what: &'static str,
}

/// The program that runs WASI programs.
pub const WASI_HOST: Companion = Companion {
    package: "wasi-host",
    what: "the host for WASI guests",
};

/// The program that runs Ruby as WebAssembly.
pub const RUBY_IN_WASM: Companion = Companion {
    package: "ruby-in-wasm",
    what: "the host for Ruby in WebAssembly",
};

/// The program was not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This program's own path is unknown, so that the other program in the same directory can't be found.
    #[error("{package} can't be found, because this program's own path is unknown: {cause}")]
    NoDirectory {
        /// The other program.
        package: &'static str,
        /// The system's error.
        cause: io::Error,
    },
    /// A program can't be started.
    #[error("{program} can't be started: {cause}; {next_step}")]
    Start {
        /// The program.
        program: String,
        /// The system's error.
        cause: io::Error,
        /// The next step for the reader.
        next_step: String,
    },
    /// It can't be built. Cargo's messages are on stderr.
    #[error("{package} can't be built: `{command}` ended with {status}; cargo's messages are above")]
    Build {
        /// The program.
        package: &'static str,
        /// The command line.
        command: String,
        /// The exit status of cargo.
        status: ExitStatus,
    },
}

impl Companion {
    /// Builds the program if needed, and runs it with this process's standard streams.
    pub fn run(&self, arguments: impl IntoIterator<Item = OsString>) -> Result<ExitStatus, Error> {
        let program = self.build()?;
        start(
            Command::new(&program).args(arguments),
            format!("run cargo build -p {} and read its messages", self.package),
        )
    }

    /// Builds the program into this program's directory if it is missing or not current.
    fn build(&self) -> Result<PathBuf, Error> {
        let this = env::current_exe().map_err(|cause| Error::NoDirectory {
            package: self.package,
            cause,
        })?;
        let directory = this.parent().unwrap_or(Path::new("."));
        let program = directory.join(format!("{}{}", self.package, env::consts::EXE_SUFFIX));
        let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        // A program in another place than its source uses the program that was installed with it.
        if self.is_current(&program, workspace) || program.is_file() && !workspace.is_dir() {
            return Ok(program);
        }

        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--package", self.package, "--bin", self.package]);
        cargo.args(["--profile", profile(directory)]);
        if let Some(target) = directory.parent() {
            cargo.arg("--target-dir").arg(target);
        }
        cargo.arg("--manifest-path").arg(workspace.join("Cargo.toml"));
        let command = command_line::typed(&cargo);
        command_line::note(format_args!(
            "building {}; the first time this takes some minutes: {command}",
            self.what
        ));
        let started = SystemTime::now();
        // Only the guest's own output belongs on stdout.
        let status = start(
            cargo.stdout(Stdio::null()),
            "install Rust from https://rustup.rs".to_owned(),
        )?;
        if !status.success() {
            return Err(Error::Build {
                package: self.package,
                command,
                status,
            });
        }
        // If cargo had nothing to do, the program has its old time, and each run would call cargo again.
        _ = fs::File::open(&program).and_then(|program| program.set_modified(started));
        Ok(program)
    }

    /// Whether a program is newer than all of its sources, which cargo lists in a file beside it. A call of cargo would
    /// take longer than the guest.
    fn is_current(&self, program: &Path, workspace: &Path) -> bool {
        let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
        let (Ok(built), Ok(list)) = (modified(program), fs::read_to_string(program.with_extension("d"))) else {
            return false;
        };
        let manifest = format!("shared/{}/Cargo.toml", self.package);
        let manifests = ["Cargo.lock", "Cargo.toml", &manifest].map(|file| workspace.join(file));
        guests::dependency_file_inputs(&list)
            .into_iter()
            .chain(manifests)
            .all(|source| modified(&source).is_ok_and(|changed| changed <= built))
    }
}

/// The cargo profile of an output directory.
fn profile(directory: &Path) -> &str {
    match directory.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(name) => name,
    }
}

fn start(command: &mut Command, next_step: String) -> Result<ExitStatus, Error> {
    command.status().map_err(|cause| Error::Start {
        program: command.get_program().display().to_string(),
        cause,
        next_step,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
        let is_current = || WASI_HOST.is_current(&file("program"), directory.path());
        assert!(!is_current(), "there is no list of sources");
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
