//! Where figures are kept.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::Error;
use crate::measure::Source;

/// Rails asks for at least 30 bytes; these are as many as its own generator makes.
const SECRET_BYTES: usize = 64;

/// A directory that this user alone can look into: the database, the web server's log, and the secret.
#[derive(Clone, Debug)]
pub struct Storage {
    directory: PathBuf,
    secret: String,
}

impl Storage {
    /// Makes the directory and what has to be in it, where that is not there.
    ///
    /// # Errors
    ///
    /// It can't be written to.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |error| Error::Storage { path, error }
        };
        create_private(directory).map_err(failed(directory))?;
        let directory = directory.canonicalize().map_err(failed(directory))?;
        let file = directory.join("secret_key_base");
        let secret = secret(&file).map_err(failed(&file))?;
        Ok(Self { directory, secret })
    }

    /// Where figures from a source are kept unless somebody says otherwise. Real ones outlive `cargo clean`; those of
    /// the stand-in are invented and lie with what is built.
    ///
    /// # Errors
    ///
    /// There is no place that is this user's own.
    pub fn default_directory(source: Source) -> Result<PathBuf, Error> {
        match (source, dirs::data_local_dir()) {
            (Source::StandIn, _) => Ok(kept::directory("storage")?.join("stand-in")),
            (Source::GitHub, Some(directory)) => Ok(directory.join("stats-tracker/github.com")),
            (Source::GitHub, None) => Ok(kept::directory("storage")?.join("github.com")),
        }
    }

    /// Its absolute path.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What Rails signs with.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// What the web server says.
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

/// The secret that is kept, or a new one where there is none or half of one.
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
    // Whole and readable by this user alone, from the first moment on.
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
    fn invented_figures_lie_apart() {
        assert_ne!(
            Storage::default_directory(Source::StandIn).unwrap(),
            Storage::default_directory(Source::GitHub).unwrap()
        );
    }
}
