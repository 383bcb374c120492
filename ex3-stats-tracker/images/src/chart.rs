//! A Helm chart in the form in which registries store it: its package is the only layer, and its metadata is the
//! configuration. Helm describes the format: <https://helm.sh/docs/topics/registries/#helm-chart-manifest>.
//!
//! `helm push` writes the time of the push into the manifest, and `helm package` the time of each file into the package, so
//! that the same chart would have another digest each time.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use oci_spec::image::{ImageManifestBuilder, MediaType, SCHEMA_VERSION};
use serde_json::Value;

use crate::{image::labels, layer::Layer, layout::Layout, names};

/// The media types that Helm registered.
const CONFIGURATION: &str = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// The name of the metadata's file in the chart's directory.
const METADATA: &str = "Chart.yaml";

/// Writes a package of `helm package` as a layout in the directory `output`, replacing an older one, and returns the path
/// of the layout. The chart's version is the tag.
///
/// `change` gets the path and the content of each file, and returns the content for the layout.
///
/// # Errors
///
/// If the package can't be read or is no chart, if the layout can't be written, or the error of `change`.
pub fn chart(package: &Path, output: &Path, change: impl FnMut(&Path, Vec<u8>) -> Result<Vec<u8>>) -> Result<PathBuf> {
    let (files, metadata) =
        read(package, change).with_context(|| format!("reading the chart {}", package.display()))?;
    let text = |key: &str| {
        let value = metadata[key].as_str();
        value.with_context(|| format!("the {METADATA} in {} has no {key}", package.display()))
    };
    let mut layout = Layout::create(output, names::CHART)?;
    let (mut layer, _) = layout.layer(&files)?;
    layer.set_media_type(MediaType::Other(PACKAGE.to_owned()));
    let configuration = layout.json(MediaType::Other(CONFIGURATION.to_owned()), &metadata)?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(configuration)
        .layers([layer])
        .annotations(labels(text("name")?, text("description")?))
        .build()?;
    layout.manifest(&manifest, Some(text("version")?), None)?;
    layout.finish()
}

/// The files of a package, and the metadata in them.
fn read(package: &Path, mut change: impl FnMut(&Path, Vec<u8>) -> Result<Vec<u8>>) -> Result<(Layer, Value)> {
    let mut files = Layer::default();
    let mut metadata = None;
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(package)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        let content = change(&path, content)?;
        // All files are in one directory, which has the chart's name. A chart that this one depends on is deeper.
        if path.components().count() == 2 && path.ends_with(METADATA) {
            let text = str::from_utf8(&content).with_context(|| format!("{METADATA} is not UTF-8"))?;
            metadata = Some(serde_saphyr::from_str(text).with_context(|| format!("{METADATA} is not YAML"))?);
        }
        files.file(path, content);
    }
    let metadata = metadata.with_context(|| format!("there is no {METADATA} in it"))?;
    Ok((files, metadata))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn package(directory: &Path, time: u64, files: &[(&str, &str)]) -> PathBuf {
        let path = directory.join(format!("{time}.tgz"));
        let mut archive = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(time);
            archive.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
        path
    }

    const METADATA_FILE: (&str, &str) = ("a/Chart.yaml", "name: a\nversion: 1.2.3\ndescription: b\n");
    const DEPENDENCY: (&str, &str) = ("a/charts/c/Chart.yaml", "name: c\nversion: 9.9.9\n");

    #[test]
    fn the_time_of_the_package_is_not_in_the_layout() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] = [1, 1_000_000_000].map(|time| {
            let package = package(
                directory.path(),
                time,
                &[METADATA_FILE, DEPENDENCY, ("a/values.yaml", "b: 1\n")],
            );
            let output = directory.path().join(time.to_string());
            let layout = chart(&package, &output, |_, content| Ok(content)).unwrap();
            fs::read_to_string(layout.join("index.json")).unwrap()
        });
        assert_eq!(one, other);
        let index: Value = serde_json::from_str(&one).unwrap();
        let entry = &index["manifests"][0];
        assert_eq!(
            entry["annotations"]["org.opencontainers.image.ref.name"], "1.2.3",
            "{index}"
        );
    }

    #[test]
    fn what_is_no_chart_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let error = |files: &[(&str, &str)]| {
            let package = package(directory.path(), 1, files);
            let error = chart(&package, directory.path(), |_, content| Ok(content)).unwrap_err();
            assert!(!directory.path().join(names::CHART).exists(), "nothing is half-written");
            format!("{error:#}")
        };
        assert!(error(&[DEPENDENCY]).contains("no Chart.yaml"));
        assert!(error(&[("a/Chart.yaml", "name: [")]).contains("not YAML"));
        assert!(error(&[("a/Chart.yaml", "name: a\nversion: 1.2.3\n")]).contains("no description"));
        fs::write(directory.path().join("text"), "no archive").unwrap();
        let text = directory.path().join("text");
        let error = chart(&text, directory.path(), |_, content| Ok(content)).unwrap_err();
        assert!(format!("{error:#}").contains("reading the chart"), "{error:#}");
    }
}
