//! The version of a release: that of the workspace, which the files that can't read it repeat.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use images::VERSION;
use serde::Deserialize;

const CHART: &str = "charts/stats-tracker/Chart.yaml";
const SPIN: &str = "ex3-stats-tracker/spin/spin.toml";

#[derive(Deserialize)]
struct Chart {
    version: String,
    #[serde(rename = "appVersion")]
    app_version: String,
}

#[derive(Deserialize)]
struct Spin {
    application: Application,
}

#[derive(Deserialize)]
struct Application {
    version: String,
}

/// Checks that all parts of a release have the workspace's version.
///
/// # Errors
///
/// The first file with another version.
pub(crate) fn check(workspace: &Path) -> Result<()> {
    let read = |file: &str| fs::read_to_string(workspace.join(file)).with_context(|| format!("reading {file}"));
    let chart: Chart = serde_saphyr::from_str(&read(CHART)?).with_context(|| format!("reading {CHART}"))?;
    let spin: Spin = toml::from_str(&read(SPIN)?).with_context(|| format!("reading {SPIN}"))?;
    for (file, key, version) in [
        (CHART, "version", &chart.version),
        (CHART, "appVersion", &chart.app_version),
        (SPIN, "application.version", &spin.application.version),
    ] {
        ensure!(
            version == VERSION,
            "{key} in {file} is {version}, and the workspace's version is {VERSION}: a release has one version"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_have_the_workspaces_version() {
        check(system::workspace()).unwrap();
    }

    #[test]
    fn another_version_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        for file in [CHART, SPIN] {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(system::workspace().join(file), &path).unwrap();
        }
        for file in [CHART, SPIN] {
            let path = directory.path().join(file);
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace(VERSION, "99.0.0")).unwrap();
            let error = check(directory.path()).unwrap_err().to_string();
            assert!(error.contains("99.0.0") && error.contains(file), "{error}");
            fs::write(&path, text).unwrap();
        }
        check(directory.path()).unwrap();
    }
}
