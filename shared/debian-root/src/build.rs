//! Making the root, once.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use xxhash_rust::xxh3::xxh3_64;

use crate::{BUILDER, Error, PACKAGES, SUITE, mirror, on_path};

/// Counted up when a root made before would no longer do although its packages are the same.
const RECIPE: u32 = 1;

/// What nobody reads in here: a third of the size. The licences stay.
const LEFT_OUT: [&str; 5] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
];

/// Where the root lies, named after all that it is made from.
pub(crate) fn place() -> PathBuf {
    let made_from = format!("{RECIPE} {SUITE} {} {PACKAGES:?} {LEFT_OUT:?}", env::consts::ARCH);
    kept::directory("debian-root").join(format!("{SUITE}-{:016x}", xxh3_64(made_from.as_bytes())))
}

pub(crate) fn build(place: &Path) -> Result<PathBuf, Error> {
    let _lock = lock(place)?;
    // Whoever held the lock may have built it.
    if !place.is_dir() {
        make(place)?;
    }
    Ok(place.to_owned())
}

pub(crate) fn rebuild(place: &Path) -> Result<PathBuf, Error> {
    let _lock = lock(place)?;
    make(place)?;
    Ok(place.to_owned())
}

/// One builder at a time. The system frees the lock when its holder ends, however it ends.
fn lock(place: &Path) -> Result<File, Error> {
    let directory = place.parent().expect("the place is in a directory");
    fs::create_dir_all(directory).map_err(Error::io(format!("creating {}", directory.display())))?;
    let path = place.with_extension("lock");
    let file = File::create(&path).map_err(Error::io(format!("creating {}", path.display())))?;
    file.lock()
        .map_err(Error::io(format!("waiting for {}", path.display())))?;
    Ok(file)
}

/// Builds beside `place` and renames, so that what stands in `place` is always whole.
fn make(place: &Path) -> Result<(), Error> {
    let builder = on_path(BUILDER, "mmdebstrap")?;
    // What a builder left that was killed. Nobody else works here: we hold the lock.
    let unfinished = place.with_extension("unfinished");
    let old = place.with_extension("old");
    for directory in [&unfinished, &old] {
        remove(directory)?;
    }
    eprintln!(
        "building a Debian {SUITE} in {} (once; about 200 MB, a minute): Rails and Ruby as Debian packages them",
        place.display()
    );
    fs::create_dir(&unfinished).map_err(Error::io(format!("creating {}", unfinished.display())))?;
    let result = unpack(&builder, &unfinished).and_then(|()| {
        if place.exists() {
            fs::rename(place, &old).map_err(Error::io(format!("renaming {}", place.display())))?;
        }
        fs::rename(&unfinished, place).map_err(Error::io(format!("renaming {}", unfinished.display())))
    });
    // A failure is what is reported, not that its rest could not be removed.
    let _ = remove(&unfinished);
    let _ = remove(&old);
    result
}

/// mmdebstrap writes an archive and tar unpacks it, so that every file belongs to whoever builds and can remove it;
/// in a directory that mmdebstrap fills for others than root, the files belong to nobody this user can act for.
fn unpack(builder: &Path, directory: &Path) -> Result<(), Error> {
    let mut mmdebstrap = Command::new(builder);
    mmdebstrap.args(["--variant=minbase", "--format=tar", "--quiet"]);
    mmdebstrap.arg(format!("--include={}", PACKAGES.join(",")));
    mmdebstrap.args(LEFT_OUT.map(|option| format!("--dpkgopt={option}")));
    mmdebstrap.args([SUITE, "-"]).args(mirror::entries());
    eprintln!("$ {} | tar --extract", described(&mmdebstrap));
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
    // What is bound over needs something to be bound over.
    for file in ["etc/hosts", "etc/resolv.conf"] {
        let path = directory.join(file);
        // It may be a link to somewhere that is not there.
        let _ = fs::remove_file(&path);
        File::create(&path).map_err(Error::io(format!("creating {}", path.display())))?;
    }
    Ok(())
}

fn remove(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Io {
            what: format!("removing {}", directory.display()),
            error,
        }),
        _ => Ok(()),
    }
}

fn described(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains([' ', '*', '[']) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_that_failed_leaves_nothing_and_an_old_root_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("root");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("file"), "old").unwrap();
        let unfinished = place.with_extension("unfinished");
        fs::create_dir(&unfinished).unwrap();
        assert!(matches!(
            unpack(Path::new("/bin/false"), &unfinished),
            Err(Error::Builder(_))
        ));
        assert_eq!(fs::read_to_string(place.join("file")).unwrap(), "old");
    }

    #[test]
    fn two_builders_do_not_work_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("debian-root").join("root");
        let held = lock(&place).unwrap();
        let other = File::open(place.with_extension("lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(held);
        assert!(other.try_lock().is_ok());
    }

    #[test]
    fn a_root_that_is_there_is_not_built_again() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("root");
        fs::create_dir(&place).unwrap();
        assert_eq!(build(&place).unwrap(), place);
    }
}
