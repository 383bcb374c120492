//! This machine's cache: guests, compiled code and roots, which can all be made again.
//!
//! Inside a checkout the cache is a directory of cargo's target directory, so `cargo clean` removes it too. A program
//! that was moved elsewhere, into a container image for example, uses the user's cache directory. A library that
//! another program loads, as Ruby does, names its checkout with [`set_checkout`].

mod location;
mod replace;
mod trust;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, io};

pub use location::{ENVIRONMENT_VARIABLE, target_directory};
pub use replace::{Error, create, lock, replace};
pub use trust::{open, trusted};

/// The variable's old name. It is refused, since nobody would notice that the cache is in another place than the
/// expected one.
const OLD_ENVIRONMENT_VARIABLE: &str = "STATS_TRACKER_KEPT";

/// The checkout that this process's library was built in.
static CHECKOUT: OnceLock<PathBuf> = OnceLock::new();

/// Says in which checkout this library was built, where the program that loads it lies elsewhere. The first call
/// counts.
pub fn set_checkout(workspace: impl Into<PathBuf>) {
    _ = CHECKOUT.set(workspace.into());
}

/// The directory for things of one kind, for example `guests`. It need not exist yet.
///
/// # Errors
///
/// [`Error`]: there is no place that belongs to this user alone. A directory that everybody can write to, as `/tmp`, is
/// never taken for one: what lies there may be anybody's.
pub fn directory(kind: &str) -> Result<PathBuf, Error> {
    if env::var_os(OLD_ENVIRONMENT_VARIABLE).is_some() {
        return Err(Error {
            what: format!("reading {OLD_ENVIRONMENT_VARIABLE}"),
            error: io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("this variable is called {ENVIRONMENT_VARIABLE} now; unset the old name"),
            ),
        });
    }
    env::var_os(ENVIRONMENT_VARIABLE)
        .filter(|directory| !directory.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(target_directory(&env::current_exe().ok()?)?.join("cache")))
        .or_else(|| Some(target_directory_of(CHECKOUT.get()?)?.join("cache")))
        .or_else(user_cache)
        .map(|directory| directory.join(kind))
        .ok_or_else(|| Error {
            what: format!("looking for a place for {kind}"),
            error: io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "neither XDG_CACHE_HOME nor HOME is an absolute path; set HOME, or name a directory of your own by \
                     {ENVIRONMENT_VARIABLE}"
                ),
            ),
        })
}

/// The target directory of a checkout, unless that is gone. Cargo is not asked for it: that would take it a while.
fn target_directory_of(workspace: &Path) -> Option<PathBuf> {
    workspace.join("Cargo.toml").is_file().then(|| {
        env::var_os("CARGO_TARGET_DIR")
            .map(PathBuf::from)
            .filter(|directory| directory.is_absolute())
            .unwrap_or_else(|| workspace.join("target"))
    })
}

/// The XDG base directory specification's place for what can be made again.
fn user_cache() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("stats-tracker"))
}

#[cfg(test)]
mod tests {
    use super::location::{PROFILE_DIRECTORY_LOCK, TARGET_DIRECTORY_TAG};
    use super::*;

    #[test]
    fn a_test_runs_from_a_target_directory() {
        let executable = env::current_exe().unwrap();
        let target = target_directory(&executable).unwrap();
        assert!(executable.starts_with(target));
        assert!(target.join(TARGET_DIRECTORY_TAG).is_file());
    }

    #[test]
    fn an_executable_elsewhere_lies_in_no_target_directory() {
        assert_eq!(target_directory(Path::new("/nowhere/bin/program")), None);
    }

    #[test]
    fn a_checkout_that_is_there_has_a_target_directory() {
        let workspace = tempfile::tempdir().unwrap();
        assert_eq!(target_directory_of(workspace.path()), None);
        std::fs::write(workspace.path().join("Cargo.toml"), "").unwrap();
        let target = target_directory_of(workspace.path()).unwrap();
        assert!(target.starts_with(workspace.path()) || env::var_os("CARGO_TARGET_DIR").is_some());
    }

    #[test]
    fn a_target_directory_that_was_there_before_cargo_is_found_by_its_profile() {
        let target = tempfile::tempdir().unwrap();
        let deps = target.path().join("debug/deps");
        std::fs::create_dir_all(&deps).unwrap();
        std::fs::write(target.path().join("debug").join(PROFILE_DIRECTORY_LOCK), "").unwrap();
        for executable in [target.path().join("debug/program"), deps.join("test-0123")] {
            assert_eq!(target_directory(&executable), Some(target.path()));
        }
    }
}
