//! The choice of the architectures that images are built for.

use anyhow::{Context, Result};
use system::architecture::Architecture;

/// The choice of all architectures.
pub const ALL: &str = "all";

/// The names of the choices, for a command line.
pub fn names() -> Vec<&'static str> {
    let names = Architecture::ALL.map(Architecture::name);
    names.into_iter().chain([ALL]).collect()
}

/// The architectures of a choice, one of [`names`].
pub fn named(name: &str) -> Vec<Architecture> {
    let mut all = Architecture::ALL.to_vec();
    all.retain(|architecture| [ALL, architecture.name()].contains(&name));
    all
}

/// This machine's architecture alone.
///
/// # Errors
///
/// If images are not built for it.
pub fn here() -> Result<Vec<Architecture>> {
    let here = Architecture::here().with_context(|| {
        format!(
            "there are no images for {}, the architecture of this machine; name others with --architecture: {}",
            std::env::consts::ARCH,
            names().join(", ")
        )
    })?;
    Ok(vec![here])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_one_architecture_or_of_all() {
        assert_eq!(names(), ["amd64", "arm64", "all"]);
        assert_eq!(named("amd64"), [Architecture::Amd64]);
        assert_eq!(named("arm64"), [Architecture::Arm64]);
        assert_eq!(named("all"), Architecture::ALL);
        assert_eq!(named("riscv64"), []);
    }
}
