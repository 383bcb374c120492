//! The npm package of the module: fetched once, checked, and cached.

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

/// The lock file in the cache directory, for the process that fetches or compiles.
pub(crate) const LOCK: &str = "lock";

/// The program that fetches.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// The time limit for npm, enough for 30 MB on a slow line.
const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The interval at which npm's end is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A file in one version of an npm package.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// The package's name.
    pub name: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The SHA-512 of the archive, as `npm view NAME@VERSION dist.integrity` prints it.
    pub integrity: &'static str,
    /// The file's path in the archive.
    pub file: &'static str,
    /// The file's length, in bytes.
    pub length: u64,
    /// The file's XXH3, which is checked at each start because it takes only milliseconds.
    pub checksum: u128,
}

/// Ruby 3.4 with its standard library.
///
/// The package has two modules with the same code of 12 MB. The one without the standard library has 17 MB, takes as
/// long to compile, and lacks `uri` and `pp`, which the parser HTree needs.
pub const RUBY: Package = Package {
    name: "@ruby/3.4-wasm-wasi",
    version: "2.10.1",
    integrity: "sha512-qrzIJ/7TGSpsZpFyLJb9OXO6TYAq18XoLd11We17Sr78hWpb5IGGFgMQ9A2Y8Ww5n0k8uKA/I8/P8MJdzlJX0Q==",
    file: "package/dist/ruby+stdlib.wasm",
    length: 30_635_497,
    checksum: 0xaf91_1440_2ceb_303a_5f56_43b9_ce0f_f8fc,
};

/// The file can't be fetched or cached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// npm can't be started.
    #[error(
        "npm can't be started to fetch {package}: {cause}; set up this machine with `cargo xtask setup`, or install Node.js with npm"
    )]
    NoNpm {
        /// Name and version.
        package: String,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// npm failed. Its messages are on stderr.
    #[error(
        "npm could not fetch {package} and ended with {status}; its messages are above; check the network, then try `{command}`"
    )]
    Npm {
        /// Name and version.
        package: String,
        /// The exit status of npm.
        status: ExitStatus,
        /// A command line to try.
        command: String,
    },
    /// npm was still running at the time limit.
    #[error("npm was not done fetching {package} within {} minutes: is there a network?", TIME_LIMIT.as_secs() / 60)]
    Late {
        /// Name and version.
        package: String,
    },
    /// The fetched archive or file is not the published one.
    #[error(
        "the archive that npm fetched for {package} is not what was published: {cause}; it is not used; try again, or check npm's registry setting"
    )]
    Foreign {
        /// Name and version.
        package: String,
        /// The difference, as text.
        cause: String,
    },
    /// There is no directory for the cache.
    #[error("Ruby can't be cached: {cause}")]
    Cache {
        /// The error of the cache.
        cause: cache::Error,
    },
    /// A file of the cache can't be read or written.
    #[error("{path} can't be used: {cause}; set STATS_TRACKER_CACHE_DIR to another directory")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
}

impl Package {
    /// Reads the file from this machine's cache. If it is missing or damaged, npm fetches it first, with a message on
    /// stderr.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        self.read_in(&cache::directory("npm").map_err(|error| Error::Cache { cause: error })?)
    }

    /// As [`Self::read`], with the caller's directory as the cache.
    pub fn read_in(&self, directory: &Path) -> Result<Vec<u8>, Error> {
        let path = directory.join(self.cached_name());
        if let Some(bytes) = self.whole(&path) {
            return Ok(bytes);
        }
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            |cause| Error::File { path, cause }
        };
        // One process fetches. The others wait, and find the file in the cache.
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

    fn cached_name(&self) -> String {
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

    /// Lets npm write the archive into an empty directory, and returns its bytes.
    fn fetch(&self, directory: &Path) -> Result<Vec<u8>, Error> {
        let mut npm = Command::new(NPM);
        npm.args(["pack", &self.specifier(), "--ignore-scripts", "--loglevel=error"]);
        let command = command_line::typed(&npm);
        command_line::note(format_args!("fetching {}, once: {command}", self.specifier()));
        // npm's stdout is only the archive's name, and does not belong to this program's answer.
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
            Ok(entries) => Err(self.foreign(format!("{} files came instead of one", entries.len()))),
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
            thread::sleep(POLL_INTERVAL);
        }
        // Errors are ignored: the time limit is the error to report.
        _ = process.kill();
        _ = process.wait();
        Err(Error::Late {
            package: self.specifier(),
        })
    }

    /// Checks the archive's integrity, and extracts the file.
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
            Err(self.foreign(format!("its file {} is missing or different", self.file)))
        }
    }

    fn foreign(&self, cause: impl ToString) -> Error {
        Error::Foreign {
            package: self.specifier(),
            cause: cause.to_string(),
        }
    }
}
