//! The package that brings the module, and fetching it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha512};
use system::{cache, command_line};
use xxhash_rust::xxh3::xxh3_128;

/// The file beside what is fetched that whoever fetches or compiles it locks.
pub(crate) const LOCK: &str = "lock";

/// The program that fetches.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// How long npm may take. 30 MB come within this on any line that one would wait for.
const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);

/// How often npm is asked whether it is done.
const ASKED: Duration = Duration::from_millis(50);

/// A file of a package at npm, in one version.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// The package's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The SHA-512 of the archive, as npm prints it: `npm view NAME@VERSION dist.integrity`.
    pub integrity: &'static str,
    /// The file, as the archive names it.
    pub file: &'static str,
    /// The file's length, in bytes.
    pub length: u64,
    /// The file's XXH3, which finds damage at every start and costs milliseconds.
    pub checksum: u128,
}

/// Ruby 3.4 with its standard library.
///
/// The package has two modules that are alike but for the files inside. The one without a standard library has 17 MB
/// and lacks `uri` and `pp`, which the parser HTree needs; its code is the same 12 MB, and takes as long to compile.
pub const RUBY: Package = Package {
    name: "@ruby/3.4-wasm-wasi",
    version: "2.10.1",
    integrity: "sha512-qrzIJ/7TGSpsZpFyLJb9OXO6TYAq18XoLd11We17Sr78hWpb5IGGFgMQ9A2Y8Ww5n0k8uKA/I8/P8MJdzlJX0Q==",
    file: "package/dist/ruby+stdlib.wasm",
    length: 30_635_497,
    checksum: 0xaf91_1440_2ceb_303a_5f56_43b9_ce0f_f8fc,
};

/// Why the file isn't there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no npm.
    #[error(
        "npm can't be started, which fetches {package}: {cause}; set this machine up with `cargo xtask setup`, or install Node.js with npm"
    )]
    NoNpm {
        /// Name and version.
        package: String,
        /// What the system said.
        cause: io::Error,
    },
    /// npm could not fetch it. What it printed stands on stderr.
    #[error(
        "npm could not fetch {package}, it ended with {status} and said why above; with a network, `{command}` shows whether it can"
    )]
    Npm {
        /// Name and version.
        package: String,
        /// How npm ended.
        status: ExitStatus,
        /// A command line to try.
        command: String,
    },
    /// npm didn't end.
    #[error("npm was not done fetching {package} within {} minutes: is there a network?", TIME_LIMIT.as_secs() / 60)]
    Late {
        /// Name and version.
        package: String,
    },
    /// Something else came than what was asked for.
    #[error(
        "what npm fetched as {package} is not what was published: {cause}; nothing of it is used, try again or look at npm's registry setting"
    )]
    Foreign {
        /// Name and version.
        package: String,
        /// What is wrong with it.
        cause: String,
    },
    /// There is no place that is this user's own.
    #[error("Ruby can't be cached: {cause}")]
    NoPlace {
        /// What was looked for.
        cause: cache::Error,
    },
    /// The cache can't be read or written.
    #[error("{path} can't be used: {cause}; STATS_TRACKER_CACHE_DIR names another place")]
    Kept {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl Package {
    /// Reads the file from this machine's cache; where it isn't yet, or is damaged, fetches it first and
    /// says so on stderr.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        self.read_in(&cache::directory("npm").map_err(|error| Error::NoPlace { cause: error })?)
    }

    /// The same with a directory of the caller's.
    pub fn read_in(&self, directory: &Path) -> Result<Vec<u8>, Error> {
        let path = directory.join(self.kept_name());
        if let Some(bytes) = self.whole(&path) {
            return Ok(bytes);
        }
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            |cause| Error::Kept { path, cause }
        };
        // One process fetches, the others wait and find it there.
        let _lock = cache::lock(&directory.join(LOCK)).map_err(|failure| failed(directory)(failure.error))?;
        if let Some(bytes) = self.whole(&path) {
            return Ok(bytes);
        }
        let temporary = tempfile::tempdir_in(directory).map_err(failed(directory))?;
        let bytes = self.unpack(&self.fetch(temporary.path())?)?;
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed(directory))?;
        file.write_all(&bytes).map_err(failed(&path))?;
        file.persist(&path).map_err(|error| failed(&path)(error.error))?;
        Ok(bytes)
    }

    /// Name and version, as npm takes them.
    fn specifier(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn kept_name(&self) -> String {
        let (_, file) = self.file.rsplit_once('/').unwrap_or(("", self.file));
        format!(
            "{}-{}-{file}",
            self.name.trim_start_matches('@').replace('/', "-"),
            self.version
        )
    }

    /// The cached file, if it is there and undamaged.
    fn whole(&self, path: &Path) -> Option<Vec<u8>> {
        let file = File::open(path).ok()?;
        let length = file.metadata().ok()?.len();
        (length == self.length).then_some(())?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?);
        file.take(length).read_to_end(&mut bytes).ok()?;
        self.is_undamaged(&bytes).then_some(bytes)
    }

    fn is_undamaged(&self, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.length && xxh3_128(bytes) == self.checksum
    }

    /// Has npm put the archive into a directory, and returns its bytes.
    fn fetch(&self, directory: &Path) -> Result<Vec<u8>, Error> {
        let mut npm = Command::new(NPM);
        npm.args(["pack", &self.specifier(), "--ignore-scripts", "--loglevel=error"]);
        let command = command_line::typed(&npm);
        command_line::note(format_args!("fetching {}, once: {command}", self.specifier()));
        // Its only output is the archive's name. The answer alone belongs on stdout.
        npm.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null());
        let status = self.run(&mut npm)?;
        if !status.success() {
            return Err(Error::Npm {
                package: self.specifier(),
                status,
                command,
            });
        }
        let archives = fs::read_dir(directory).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        match archives.as_deref() {
            Ok([archive]) => fs::read(archive.path()).map_err(|error| self.foreign(error)),
            Ok(entries) => Err(self.foreign(format!("{} files came, and one was asked for", entries.len()))),
            Err(error) => Err(self.foreign(error)),
        }
    }

    fn run(&self, npm: &mut Command) -> Result<ExitStatus, Error> {
        let no_npm = |cause| Error::NoNpm {
            package: self.specifier(),
            cause,
        };
        let mut process = npm.spawn().map_err(no_npm)?;
        let started = Instant::now();
        while started.elapsed() < TIME_LIMIT {
            if let Some(status) = process.try_wait().map_err(no_npm)? {
                return Ok(status);
            }
            thread::sleep(ASKED);
        }
        // Whether it can be ended or not, it is no longer waited for.
        _ = process.kill();
        _ = process.wait();
        Err(Error::Late {
            package: self.specifier(),
        })
    }

    /// Checks the archive, and takes the file out of it.
    fn unpack(&self, archive: &[u8]) -> Result<Vec<u8>, Error> {
        let integrity = format!("sha512-{}", BASE64_STANDARD.encode(Sha512::digest(archive)));
        if integrity != self.integrity {
            return Err(self.foreign(format!(
                "its integrity is {integrity}, and should be {}",
                self.integrity
            )));
        }
        let mut archive = tar::Archive::new(GzDecoder::new(archive));
        let mut bytes = Vec::new();
        for entry in archive.entries().map_err(|error| self.foreign(error))? {
            let entry = entry.map_err(|error| self.foreign(error))?;
            if *entry.path_bytes() == *self.file.as_bytes() {
                entry
                    .take(self.length)
                    .read_to_end(&mut bytes)
                    .map_err(|error| self.foreign(error))?;
                break;
            }
        }
        if self.is_undamaged(&bytes) {
            Ok(bytes)
        } else {
            Err(self.foreign(format!("the file {} in it is another", self.file)))
        }
    }

    fn foreign(&self, cause: impl ToString) -> Error {
        Error::Foreign {
            package: self.specifier(),
            cause: cause.to_string(),
        }
    }
}
