//! The directory of the figures.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use system::cache;

use super::error::Error;
use crate::measure::Source;

/// The length of Rails' secret. Rails requires 30 bytes, and its own generator makes 64.
const SECRET_BYTES: usize = 64;

/// A directory that only this user can access. It has the database, the web server's log and the secret.
#[derive(Clone, Debug)]
pub struct Storage {
    directory: PathBuf,
    secret: String,
}

impl Storage {
    /// Creates the directory and its files if they do not exist, and removes the access of other users.
    ///
    /// # Errors
    ///
    /// If it can't be written to, belongs to another user, or is open to others and has files other than the tracker's.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |error| Error::Storage { path, error }
        };
        create_private(directory).map_err(failed(directory))?;
        let directory = directory.canonicalize().map_err(failed(directory))?;
        #[cfg(unix)]
        close_to_others(&directory).map_err(failed(&directory))?;
        let file = directory.join(SECRET);
        let secret = secret(&file).map_err(failed(&file))?;
        Ok(Self { directory, secret })
    }

    /// The default directory for figures of a source. Real figures are in the user's data directory. The stand-in's are
    /// invented, so they are in the build directory, which `cargo clean` removes.
    ///
    /// # Errors
    ///
    /// If there is no directory that belongs to this user.
    pub fn default_directory(source: Source) -> Result<PathBuf, Error> {
        match (source, dirs::data_local_dir()) {
            (Source::StandIn, _) => Ok(cache::directory("storage")?.join("stand-in")),
            (Source::GitHub, Some(directory)) => Ok(directory.join("stats-tracker/github.com")),
            (Source::GitHub, None) => Ok(cache::directory("storage")?.join("github.com")),
        }
    }

    /// The directory's absolute path.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The key that Rails signs with.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// The path of the web server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.directory.join("dashboard.log")
    }
}

fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// The beginnings of the names of the files that Rails and this program write into the directory.
#[cfg(unix)]
const OURS: [&str; 3] = ["stats-tracker.sqlite3", "dashboard.log", SECRET];

/// The name of the file with the secret.
const SECRET: &str = "secret_key_base";

/// Removes the access of all users but the owner to the directory and the tracker's files. A directory with other files
/// is not changed: it is an error.
#[cfg(unix)]
fn close_to_others(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, why.to_owned()));
    let metadata = fs::metadata(directory)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refused("the directory is another user's, who could read and change the figures");
    }
    let ours = |name: &str| OURS.iter().any(|ours| name.starts_with(ours));
    let entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    let open = metadata.permissions().mode() & 0o077 != 0;
    if open && !entries.iter().all(|entry| entry.file_name().to_str().is_some_and(ours)) {
        return refused("other users can look into the directory, and it holds other files than a tracker's");
    }
    if open {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    }
    for entry in entries {
        let metadata = entry.metadata()?;
        let known = entry.file_name().to_str().is_some_and(ours);
        if known && metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Reads the secret, or creates a new one if there is none or it is incomplete.
fn secret(file: &Path) -> io::Result<String> {
    match fs::read_to_string(file) {
        Ok(text) if text.len() == 2 * SECRET_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            return Ok(text);
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Written atomically, and readable only by this user.
    let directory = file.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(directory)?;
    new.write_all(text.as_bytes())?;
    new.persist(file)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_this_user_alone() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("a/b");
        let storage = Storage::open(&directory).unwrap();
        assert_eq!(storage.secret().len(), 128);
        assert_eq!(Storage::open(&directory).unwrap().secret(), storage.secret());
        #[cfg(unix)]
        for path in [
            storage.directory().to_owned(),
            storage.directory().join("secret_key_base"),
        ] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_access_of_others_is_removed() {
        use std::os::unix::fs::PermissionsExt;

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("storage");
        let database = directory.join("stats-tracker.sqlite3-wal");
        fs::create_dir(&directory).unwrap();
        fs::write(&database, "").unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).unwrap();
        Storage::open(&directory).unwrap();
        assert_eq!((mode(&directory), mode(&database)), (0o700, 0o600));

        // A directory with other files is not changed.
        fs::write(directory.join("letter"), "").unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let error = Storage::open(&directory).unwrap_err().to_string();
        assert!(error.contains("other users") && error.contains("--storage"), "{error}");
        assert_eq!(mode(&directory), 0o755);
    }

    #[test]
    fn half_a_secret_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("secret_key_base"), "00ff").unwrap();
        assert_eq!(Storage::open(directory.path()).unwrap().secret().len(), 128);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Storage::open(&file.join("storage")).unwrap_err();
        assert!(error.to_string().contains("file/storage"), "{error}");
    }

    #[test]
    fn invented_figures_have_another_directory() {
        assert_ne!(
            Storage::default_directory(Source::StandIn).unwrap(),
            Storage::default_directory(Source::GitHub).unwrap()
        );
    }
}
