//! Where what is built and compiled on this machine is kept.
//!
//! Inside a checkout that is cargo's target directory, so that `cargo clean` removes it with everything else. A
//! program that was moved elsewhere, into a container image say, keeps its things in the user's cache directory.

mod replace;

use std::env;
use std::path::{Path, PathBuf};

pub use replace::{Error, lock, replace};

/// Names another directory, which wins over both.
pub const ENVIRONMENT_VARIABLE: &str = "STATS_TRACKER_KEPT";

/// Cargo writes this file into every target directory that it creates.
const TARGET_DIRECTORY_TAG: &str = "CACHEDIR.TAG";

/// The directory for things of one kind, for example `guests`. It need not exist yet.
pub fn directory(kind: &str) -> PathBuf {
    env::var_os(ENVIRONMENT_VARIABLE)
        .filter(|directory| !directory.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(target_directory(&env::current_exe().ok()?)?.join("kept")))
        .or_else(user_cache)
        .unwrap_or_else(|| env::temp_dir().join("stats-tracker"))
        .join(kind)
}

/// The target directory that an executable lies in, or `None` where it lies in no such directory.
pub fn target_directory(executable: &Path) -> Option<&Path> {
    executable
        .ancestors()
        .skip(1)
        .find(|directory| directory.join(TARGET_DIRECTORY_TAG).is_file())
}

/// The XDG base directory specification's place for what can be made again.
fn user_cache() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("stats-tracker"))
}

#[cfg(test)]
mod tests {
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
}
