//! The versions of the crates in `Cargo.lock`.

use serde::Deserialize;

/// The lock file at compile time. Cargo compiles this crate again when the file changes.
const LOCK: &str = include_str!("../../../../Cargo.lock");

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The version of a crate in `Cargo.lock`. Several versions are joined with commas; a crate that is not in the file is
/// "not built".
#[must_use]
pub fn locked(name: &str) -> String {
    let packages = toml::from_str(LOCK).map_or_else(|_| Vec::new(), |lock: Lock| lock.package);
    let versions: Vec<String> = packages
        .into_iter()
        .filter(|package| package.name == name)
        .map(|package| package.version)
        .collect();
    match versions.is_empty() {
        true => "not built".to_owned(),
        false => versions.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_of_the_workspace_is_locked() {
        assert_eq!(locked("bench"), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn what_is_not_locked_has_no_version() {
        assert_eq!(locked("no crate is called so"), "not built");
    }
}
