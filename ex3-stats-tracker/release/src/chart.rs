//! The chart, packaged for a registry: its images are those that are published there with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use cluster::Tool;
use system::{command_line::typed, workspace};
use walkdir::WalkDir;

use crate::registry::Address;

/// The chart's repository in the registry. Helm wants its last part to be the chart's name.
pub(crate) const REPOSITORY: &str = "charts/stats-tracker";

const SOURCE: &str = "charts/stats-tracker";

/// The registry in the chart's `values.yaml`.
const DEFAULT_REGISTRY: &str = "ghcr.io/stats-tracker-ghcr/";

/// Packages the chart for a registry in a directory, and returns the path of its layout.
pub(crate) fn layout(registry: &Address, directory: &Path) -> Result<PathBuf> {
    let source = directory.join("source").join("stats-tracker");
    copy(&workspace().join(SOURCE), &source)?;
    let values = source.join("values.yaml");
    let text = fs::read_to_string(&values).with_context(|| format!("reading {}", values.display()))?;
    fs::write(&values, with_images_of(&text, registry)?).with_context(|| format!("writing {}", values.display()))?;

    let mut helm = Tool::Helm.command()?;
    helm.args(["package", "--destination"]).arg(directory).arg(&source);
    let output = helm
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` can't be started", typed(&helm)))?;
    ensure!(
        output.status.success(),
        "`{}` ended with {}: {}",
        typed(&helm),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let package = directory.join(format!("stats-tracker-{}.tgz", images::VERSION));
    images::chart(&package, directory)
}

/// The chart's values with the images of a registry.
fn with_images_of(values: &str, registry: &Address) -> Result<String> {
    ensure!(
        values.contains(DEFAULT_REGISTRY),
        "the chart's values have no image of {DEFAULT_REGISTRY}"
    );
    Ok(values.replace(DEFAULT_REGISTRY, &format!("{registry}/")))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry.with_context(|| format!("reading {}", from.display()))?;
        let target = to.join(entry.path().strip_prefix(from).expect("it is below"));
        let copied = match entry.file_type().is_dir() {
            true => fs::create_dir_all(&target),
            false => fs::copy(entry.path(), &target).map(drop),
        };
        copied.with_context(|| format!("copying {} to {}", entry.path().display(), target.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_are_those_of_the_registry() {
        let registry: Address = "localhost:5000/own".parse().unwrap();
        let values = "repository: ghcr.io/stats-tracker-ghcr/stats-tracker-rails\nurl: https://ghcr.io\n";
        let changed = with_images_of(values, &registry).unwrap();
        assert_eq!(
            changed,
            "repository: localhost:5000/own/stats-tracker-rails\nurl: https://ghcr.io\n"
        );
        assert!(with_images_of("repository: elsewhere\n", &registry).is_err());
    }
}
