//! The crates that a program is linked from.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use system::workspace;

use crate::bill::Package;

/// The crates in a package's program or module for a target, from cargo's resolution, without build dependencies.
pub(crate) fn linked(package: &str, target: &str, features: bool) -> Result<Vec<Package>> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        .args(["tree", "--package", package, "--target", target, "--locked"])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}\t{l}"]);
    if !features {
        command.arg("--no-default-features");
    }
    let output = command
        .output()
        .context("cargo can't be started; install Rust from https://rustup.rs")?;
    ensure!(
        output.status.success(),
        "`cargo tree` ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let mut packages: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(crate_of)
        .collect::<Result<_>>()?;
    packages.sort();
    packages.dedup();
    Ok(packages)
}

/// Parses a line such as `serde v1.0.2 (proc-macro)<tab>MIT OR Apache-2.0`. A crate of this workspace has its directory
/// after the version.
fn crate_of(line: &str) -> Result<Package> {
    let (package, license) = line.split_once('\t').unwrap_or((line, ""));
    let mut words = package.split(' ');
    let (name, version) = words
        .next()
        .zip(words.next())
        .and_then(|(name, version)| Some((name, version.strip_prefix('v')?)))
        .with_context(|| format!("`cargo tree` printed `{line}`, which is not a crate"))?;
    Ok(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        url: format!("pkg:cargo/{name}@{version}"),
        // Some old crates have a slash instead of "OR".
        license: (!license.is_empty()).then(|| license.replace('/', " OR ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_crate() {
        let package = crate_of("serde v1.0.2\tMIT/Apache-2.0").unwrap();
        assert_eq!((&*package.name, &*package.version), ("serde", "1.0.2"));
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"));
        let own = crate_of("cache v0.1.0 (/a/directory)\t").unwrap();
        assert_eq!((&*own.url, own.license), ("pkg:cargo/cache@0.1.0", None));
        assert!(crate_of("nonsense").is_err());
    }
}
