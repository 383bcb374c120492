//! Uses only files that no other user can have written.
//!
//! Code from the cache is run, so it has to come from a trusted user. A file is used only if it belongs to this
//! program's user or to root, and if no other user can write to it or replace it: by access to its directory, to one of
//! the directories above, or by a symbolic link. The directories above this program's own target directory are not
//! checked: a user who can change them can change the program itself.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cache::location::{ENVIRONMENT_VARIABLE, target_directory};
use crate::cache::replace::Error;

/// Checks that only this program's user or root can have written a file or a directory. It has to exist.
///
/// # Errors
///
/// [`Error`] names the directory, the fault and the next step.
pub fn trusted(path: &Path) -> Result<(), Error> {
    let absolute = std::path::absolute(path).map_err(Error::new("using", path))?;
    // The target of a symbolic link is checked too, so that another user's link cannot lead to a file that this user
    // did not want to run.
    let real = fs::canonicalize(&absolute).map_err(Error::new("using", path))?;
    chain(&absolute)?;
    if real != absolute {
        chain(&real)?;
    }
    Ok(())
}

/// Opens a [`trusted`] file; `None` if it does not exist. The check is of the opened file, so that the file cannot be
/// replaced between the check and the use.
///
/// # Errors
///
/// If the file is not [`trusted`], or can't be opened.
pub fn open(path: &Path) -> Result<Option<File>, Error> {
    let absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match trusted(path.parent().unwrap_or(Path::new("/"))) {
        Err(Error { error, .. }) if absent(&error) => return Ok(None),
        checked => checked?,
    }
    let mut options = OpenOptions::new();
    options.read(true);
    // Symbolic links are refused, and opening a named pipe does not block.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits() as i32,
    );
    let file = match options.open(path) {
        Err(error) if absent(&error) => return Ok(None),
        opened => opened.map_err(Error::new("opening", path))?,
    };
    let metadata = file.metadata().map_err(Error::new("using", path))?;
    if !metadata.is_file() {
        return Err(Error::new("using", path)(io::Error::other("it is not a file")));
    }
    judge(path, &metadata, false)?;
    Ok(Some(file))
}

/// Checks a path and the directories above it.
fn chain(path: &Path) -> Result<(), Error> {
    // In a world-writable directory with the sticky bit, other users cannot replace entries, and cannot create a
    // directory that belongs to this user. They can create a file that does, by a hard link.
    let mut shared_is_fine = false;
    for part in path.ancestors().take_while(|part| Some(*part) != own_target()) {
        let metadata = fs::symlink_metadata(part).map_err(Error::new("using", part))?;
        judge(part, &metadata, shared_is_fine)?;
        shared_is_fine = !metadata.is_file();
    }
    Ok(())
}

/// The target directory that contains this program.
fn own_target() -> Option<&'static Path> {
    static TARGET: OnceLock<Option<PathBuf>> = OnceLock::new();
    TARGET
        .get_or_init(|| {
            let executable = std::env::current_exe().ok()?;
            fs::canonicalize(target_directory(&executable)?).ok()
        })
        .as_deref()
}

#[cfg(unix)]
fn judge(path: &Path, metadata: &Metadata, shared_is_fine: bool) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;

    const ROOT: u32 = 0;
    const STICKY: u32 = 0o1000;
    const OTHERS_WRITE: u32 = 0o022;

    let refused = |why: String| {
        let error = io::Error::new(io::ErrorKind::PermissionDenied, why);
        Err(Error::new("using", path)(error))
    };
    let user = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner != ROOT && owner != user {
        return refused(format!(
            "it belongs to user {owner}, and this program runs as user {user}; remove it, or name a directory of your \
             own by {ENVIRONMENT_VARIABLE}"
        ));
    }
    let mode = metadata.mode();
    let safe = metadata.is_symlink() || mode & OTHERS_WRITE == 0 || shared_is_fine && mode & STICKY != 0;
    match safe {
        true => Ok(()),
        false => refused(format!(
            "others than its owner may write to it (mode {:o}); look at what lies there, then chmod go-w, or name \
             another directory by {ENVIRONMENT_VARIABLE}",
            mode & 0o7777
        )),
    }
}

/// On other systems, the directories of a user are trusted without a check.
#[cfg(not(unix))]
fn judge(_: &Path, _: &Metadata, _: bool) -> Result<(), Error> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    const NOBODY: u32 = 65534;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A file in a directory in a directory, all of this user.
    fn place() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let above = tempfile::tempdir().unwrap();
        let directory = above.path().join("directory");
        let file = directory.join("file");
        crate::cache::create(&directory).unwrap();
        fs::write(&file, "mine").unwrap();
        set_mode(&file, 0o644);
        (above, directory, file)
    }

    /// The error for a file that is not trusted.
    fn refusal(file: &Path) -> String {
        open(file).unwrap_err().to_string()
    }

    #[test]
    fn what_is_this_users_is_opened_and_what_is_not_there_is_none() {
        let (_above, directory, file) = place();
        assert!(open(&file).unwrap().is_some());
        trusted(&file).unwrap();
        assert!(open(&directory.join("nothing")).unwrap().is_none());
        assert!(open(&directory.join("nowhere/file")).unwrap().is_none());
    }

    #[test]
    fn what_others_can_write_to_is_refused() {
        for mode in [0o666, 0o664, 0o646] {
            let (_above, _, file) = place();
            set_mode(&file, mode);
            let refused = refusal(&file);
            assert!(
                refused.contains("file") && refused.contains("may write to it"),
                "{refused}"
            );
            assert!(trusted(&file).is_err());
        }
        for mode in [0o777, 0o775, 0o1777] {
            let (_above, directory, file) = place();
            set_mode(&directory, mode);
            let refused = refusal(&file);
            assert!(refused.contains("directory: others"), "{mode:o}: {refused}");
            assert!(trusted(&file).is_err() && trusted(&directory).is_err());
        }
    }

    #[test]
    fn a_directory_above_may_be_shared_where_entries_are_safe_in_it() {
        let (above, directory, file) = place();
        set_mode(above.path(), 0o1777);
        assert!(open(&file).unwrap().is_some());
        trusted(&directory).unwrap();
        set_mode(above.path(), 0o777);
        assert!(refusal(&file).contains("may write to it"));
    }

    #[test]
    fn a_link_is_refused_in_the_place_of_a_file_and_followed_to_a_directory() {
        let (above, directory, file) = place();
        let link = directory.join("link");
        symlink(&file, &link).unwrap();
        assert!(open(&link).is_err());
        let beside = above.path().join("beside");
        symlink(&directory, &beside).unwrap();
        assert!(open(&beside.join("file")).unwrap().is_some());
        set_mode(&directory, 0o777);
        assert!(open(&beside.join("file")).is_err(), "where the link leads counts, too");
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let (_above, directory, _) = place();
        assert!(refusal(&directory).contains("not a file"));
        let pipe = directory.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o644)).unwrap();
        assert!(refusal(&pipe).contains("not a file"));
    }

    #[test]
    fn what_is_another_users_is_refused() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root can give a file to another user");
            return;
        }
        type Place = (tempfile::TempDir, PathBuf, PathBuf);
        let given: [fn(&Place) -> PathBuf; 3] = [
            |(above, ..)| above.path().to_owned(),
            |(_, directory, _)| directory.clone(),
            |(_, _, file)| file.clone(),
        ];
        for given in given {
            let place = place();
            chown(given(&place), Some(NOBODY), None).unwrap();
            let refused = refusal(&place.2);
            assert!(refused.contains("belongs to user 65534"), "{refused}");
            assert!(trusted(&place.2).is_err());
        }
        // Another user's symbolic link to this user's own directory.
        let (above, directory, _) = place();
        let link = above.path().join("link");
        symlink(&directory, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(NOBODY), None).unwrap();
        assert!(refusal(&link.join("file")).contains("belongs to user 65534"));
    }
}
