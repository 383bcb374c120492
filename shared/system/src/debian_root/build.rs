//! Builds the root.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{architecture::Architecture, cache, command_line};
use xxhash_rust::xxh3::xxh3_64;

use crate::debian_root::{
    contents::{Contents, SUITE},
    error::{BUILDER, Error, on_path},
    mirror,
};

/// To be increased when an existing root can't be used any more although its packages are the same.
const RECIPE: u32 = 1;

/// The begin of the name of a root whose packages are only unpacked.
const UNPACKED: &str = "unpacked-";

/// The dpkg options that exclude documentation, a third of the size. The licences stay.
const DPKG_OPTIONS: [&str; 5] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
];

/// Writes dpkg's database in a root (`$1`) whose packages are only unpacked: their control data, and the lists of their
/// files.
const DATABASE: &str = "set -e; mkdir --parents \"$1/var/lib/dpkg/info\"; \
    for package in \"$1\"/var/cache/apt/archives/*.deb; do \
    { dpkg-deb --field \"$package\"; printf 'Status: install ok installed\\n\\n'; } >> \"$1/var/lib/dpkg/status\"; \
    dpkg-deb --fsys-tarfile \"$package\" | tar --list --quoting-style=literal | sed 's|^[.]||; s|/$||' \
    > \"$1/var/lib/dpkg/info/$(dpkg-deb --field \"$package\" Package).list\"; done";

/// The root's directory. Its name has a digest of everything that the root is built from.
pub(crate) fn location(contents: Contents) -> Result<PathBuf, Error> {
    let Contents { packages, unpacked, .. } = contents;
    let architecture = unpacked.map_or(env::consts::ARCH, Architecture::name);
    let (begin, options) = match unpacked {
        None => (format!("{SUITE}-"), format!("{DPKG_OPTIONS:?}")),
        Some(_) => (UNPACKED.to_owned(), DATABASE.to_owned()),
    };
    let made_from = format!("{RECIPE} {SUITE} {architecture} {packages:?} {options}");
    Ok(cache::directory("debian-root")?.join(format!("{begin}{:016x}", xxh3_64(made_from.as_bytes()))))
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
    if let Some(directory) = place.parent() {
        remove_unpacked(directory)?;
    }
    Ok(place.to_owned())
}

/// Removes the roots whose packages are only unpacked: with a rebuilt one they would be of different days.
fn remove_unpacked(directory: &Path) -> Result<(), Error> {
    let cannot = || Error::io(format!("removing the old roots in {}", directory.display()));
    for entry in fs::read_dir(directory).map_err(cannot())? {
        let place = entry.map_err(cannot())?.path();
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(UNPACKED) && place.is_dir() {
            let _lock = cache::lock(&place.with_extension("lock"))?;
            fs::remove_dir_all(&place).map_err(cannot())?;
        }
    }
    Ok(())
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
    mmdebstrap.args(["--format=tar", "--quiet"]);
    match contents.unpacked {
        None => mmdebstrap
            .arg("--variant=minbase")
            .args(DPKG_OPTIONS.map(|option| format!("--dpkgopt={option}"))),
        // Nothing in the root is run.
        Some(architecture) => mmdebstrap
            .args(["--variant=extract", &format!("--architectures={}", architecture.name())])
            .arg(format!("--extract-hook={DATABASE}")),
    };
    mmdebstrap.arg(format!("--include={}", contents.packages.join(",")));
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
    fn unpacked_roots_are_removed_and_no_others() {
        let directory = tempfile::tempdir().unwrap();
        let unpacked = format!("{UNPACKED}1");
        for name in ["trixie-1", &unpacked] {
            fs::create_dir_all(directory.path().join(name).join("usr")).unwrap();
        }
        remove_unpacked(directory.path()).unwrap();
        assert!(directory.path().join("trixie-1").is_dir());
        assert!(!directory.path().join(unpacked).exists());
    }

    #[test]
    fn each_root_has_its_own_place() {
        let unpacked = |architecture| Contents::unpacked(architecture, &["ruby"]);
        let [amd64, arm64] = Architecture::ALL.map(|architecture| location(unpacked(architecture)).unwrap());
        assert_ne!(amd64, arm64);
        assert!(![amd64, arm64].contains(&location(RAILS).unwrap()));
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
