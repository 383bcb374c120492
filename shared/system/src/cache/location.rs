//! Where the cache is: where a variable says, or in the target directory of the running program.

use std::path::Path;

/// Names another directory for the cache.
pub const ENVIRONMENT_VARIABLE: &str = "STATS_TRACKER_CACHE_DIR";

/// Cargo writes this file into every target directory that it creates itself.
pub(super) const TARGET_DIRECTORY_TAG: &str = "CACHEDIR.TAG";

/// Cargo writes this file into the directory of each profile, also in a target directory that was there before.
pub(super) const PROFILE_DIRECTORY_LOCK: &str = ".cargo-lock";

/// The target directory that an executable lies in, or `None` where it lies in no such directory.
pub fn target_directory(executable: &Path) -> Option<&Path> {
    let above = || executable.ancestors().skip(1);
    above()
        .find(|directory| directory.join(TARGET_DIRECTORY_TAG).is_file())
        .or_else(|| {
            above()
                .find(|directory| directory.join(PROFILE_DIRECTORY_LOCK).is_file())?
                .parent()
        })
}
