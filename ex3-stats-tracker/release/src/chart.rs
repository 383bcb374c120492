//! The chart, packaged for a registry: its images are those that are published there with it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cluster::Tool;
use system::{command_line::typed, workspace};

use crate::{
    program::{message, output},
    registry::Address,
};

/// The chart's repository in the registry. Helm wants its last part to be the chart's name.
pub(crate) const REPOSITORY: &str = "charts/stats-tracker";

const SOURCE: &str = "charts/stats-tracker";

/// The file with the names of the images, in the chart's package.
const VALUES: &str = "stats-tracker/values.yaml";

/// The registry in the chart's values.
const DEFAULT_REGISTRY: &str = "ghcr.io/stats-tracker-ghcr/";

/// Packages the chart for a registry in a directory, and returns the path of its layout.
pub(crate) fn layout(registry: &Address, directory: &Path) -> Result<PathBuf> {
    let mut helm = Tool::Helm.command()?;
    helm.args(["package", "--destination"]).arg(directory);
    let output = output(helm.arg(workspace().join(SOURCE)))?;
    ensure!(
        output.status.success(),
        "`{}` ended with {}: {}",
        typed(&helm),
        output.status,
        message(&output)
    );
    let package = directory.join(format!("stats-tracker-{}.tgz", images::VERSION));
    let mut has_values = false;
    let layout = images::chart(&package, directory, |path, content| {
        if path != Path::new(VALUES) {
            return Ok(content);
        }
        has_values = true;
        let values = String::from_utf8(content).with_context(|| format!("reading {VALUES}"))?;
        Ok(with_images_of(&values, registry)?.into())
    })?;
    ensure!(has_values, "the chart has no {VALUES}");
    Ok(layout)
}

/// The chart's values with the images of a registry.
fn with_images_of(values: &str, registry: &Address) -> Result<String> {
    ensure!(
        values.contains(DEFAULT_REGISTRY),
        "the chart's values have no image of {DEFAULT_REGISTRY}"
    );
    Ok(values.replace(DEFAULT_REGISTRY, &format!("{registry}/")))
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
