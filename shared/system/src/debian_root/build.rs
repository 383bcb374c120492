//! Builds the root.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cache, command_line};
use xxhash_rust::xxh3::xxh3_64;

use crate::debian_root::{
    contents::{Contents, SUITE},
    error::{BUILDER, Error, on_path},
    mirror,
};

/// To be increased when an existing root can't be used any more although its packages are the same.
const RECIPE: u32 = 1;

/// The dpkg options that exclude documentation, a third of the size. The licences stay.
const DPKG_OPTIONS: [&str; 5] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
];

/// The root's directory. Its name has a digest of everything that the root is built from.
pub(crate) fn location(contents: Contents) -> Result<PathBuf, Error> {
    let packages = contents.packages;
    let made_from = format!("{RECIPE} {SUITE} {} {packages:?} {DPKG_OPTIONS:?}", env::consts::ARCH);
    Ok(cache::directory("debian-root")?.join(format!("{SUITE}-{:016x}", xxh3_64(made_from.as_bytes()))))
}

/// Whether the root exists. Its programs are run, so that no other user may be able to write to it.
///
/// # Errors
///
/// If another user could have written the directory.
pub(crate) fn exists(place: &Path) -> Result<bool, Error> {
    if !place.is_dir() {
        return Ok(false);
    }
    cache::trusted(place)?;
    Ok(true)
}

pub(crate) fn build(contents: Contents, place: &Path) -> Result<PathBuf, Error> {
    let _lock = cache::lock(&place.with_extension("lock"))?;
    // The process that held the lock before may have built the root.
    if !exists(place)? {
        make(contents, place)?;
    }
    Ok(place.to_owned())
}

pub(crate) fn rebuild(contents: Contents, place: &Path) -> Result<PathBuf, Error> {
    let _lock = cache::lock(&place.with_extension("lock"))?;
    make(contents, place)?;
    Ok(place.to_owned())
}

fn make(contents: Contents, place: &Path) -> Result<(), Error> {
    let builder = on_path(BUILDER, "mmdebstrap")?;
    command_line::note(format_args!(
        "building a Debian {SUITE} in {} (once; about 200 MB, a minute): {}",
        place.display(),
        contents.what
    ));
    cache::replace(place, |directory| unpack(&builder, contents, directory))
}

/// mmdebstrap writes an archive and tar unpacks it, so that all files belong to the user who builds, and can be
/// removed. If mmdebstrap fills the directory itself and is not run by root, the files belong to users of another
/// namespace.
fn unpack(builder: &Path, contents: Contents, directory: &Path) -> Result<(), Error> {
    let mut mmdebstrap = Command::new(builder);
    mmdebstrap.args(["--variant=minbase", "--format=tar", "--quiet"]);
    mmdebstrap.arg(format!("--include={}", contents.packages.join(",")));
    mmdebstrap.args(DPKG_OPTIONS.map(|option| format!("--dpkgopt={option}")));
    mmdebstrap.args([SUITE, "-"]).args(mirror::entries());
    command_line::note(format_args!("{} | tar --extract", command_line::typed(&mmdebstrap)));
    let mut mmdebstrap = mmdebstrap
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Error::io(format!("starting {BUILDER}")))?;
    let archive = mmdebstrap.stdout.take().expect("stdout is piped");
    let tar = Command::new("tar")
        .args(["--extract", "--no-same-owner", "--exclude=./dev/*", "--directory"])
        .arg(directory)
        .stdin(archive)
        .status();
    let built = mmdebstrap.wait().map_err(Error::io(format!("waiting for {BUILDER}")))?;
    let unpacked = tar.map_err(Error::io("starting tar"))?;
    if !built.success() {
        return Err(Error::Builder(built));
    }
    if !unpacked.success() {
        return Err(Error::Unpacking(unpacked));
    }
    // A bind mount of a file needs an existing file below it.
    for file in ["etc/hosts", "etc/resolv.conf"] {
        let path = directory.join(file);
        // It can be a symbolic link to a missing file.
        let _ = fs::remove_file(&path);
        File::create(&path).map_err(Error::io(format!("creating {}", path.display())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debian_root::contents::RAILS;

    #[test]
    fn a_builder_that_failed_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let unpacked = unpack(Path::new("/bin/false"), RAILS, directory.path());
        assert!(matches!(unpacked, Err(Error::Builder(_))));
    }

    #[test]
    fn an_existing_root_is_not_built_again() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("root");
        cache::create(&place).unwrap();
        assert_eq!(build(RAILS, &place).unwrap(), place);
    }

    #[test]
    fn a_root_that_others_can_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("root");
        cache::create(&place).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
        let refused = build(RAILS, &place).unwrap_err().to_string();
        assert!(refused.contains("may write to it"), "{refused}");
    }
}
