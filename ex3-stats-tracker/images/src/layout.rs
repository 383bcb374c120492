//! OCI's image layout: a directory of blobs, each named after its digest, and an index of what they are.

use std::{
    collections::HashMap,
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, Result};
use oci_spec::image::{
    ANNOTATION_REF_NAME, Descriptor, DescriptorBuilder, ImageIndexBuilder, ImageManifest, MediaType, Platform,
    SCHEMA_VERSION, Sha256Digest,
};
use serde::Serialize;
use tempfile::TempDir;

use crate::digest::{self, Digester};
use crate::layer::Layer;

/// The directory of the blobs: their digests are all of one algorithm.
const BLOBS: &str = "blobs/sha256";

/// A layout that is being made, beside the place where it will lie.
#[derive(Debug)]
pub(crate) struct Layout {
    unfinished: TempDir,
    place: PathBuf,
    entries: Vec<Entry>,
}

/// An entry of the layout's index.
#[derive(Debug)]
struct Entry {
    /// `None` for a manifest that refers to another one.
    tag: Option<String>,
    /// One manifest, or those of an image for several platforms.
    manifests: Vec<Descriptor>,
    /// Those of the first manifest. The platforms differ in their content alone.
    annotations: Option<HashMap<String, String>>,
}

impl Layout {
    pub(crate) fn create(output: &Path, name: &str) -> Result<Self> {
        let cannot = || {
            format!(
                "{} can't be written to; name another directory with --output",
                output.display()
            )
        };
        fs::create_dir_all(output).with_context(cannot)?;
        let unfinished = tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempdir_in(output)
            .with_context(cannot)?;
        fs::create_dir_all(unfinished.path().join(BLOBS)).with_context(cannot)?;
        Ok(Self {
            unfinished,
            place: output.join(name),
            entries: Vec::new(),
        })
    }

    fn blob_path(&self, digest: &str) -> PathBuf {
        self.unfinished.path().join(BLOBS).join(digest::hexadecimal(digest))
    }

    /// Writes a blob.
    pub(crate) fn blob(&self, media_type: MediaType, content: &[u8]) -> Result<Descriptor> {
        let digest = digest::of(content);
        fs::write(self.blob_path(&digest), content).context("writing a blob; is the disk full?")?;
        descriptor(media_type, content.len() as u64, &digest)
    }

    /// Writes a blob of JSON, its keys sorted.
    pub(crate) fn json(&self, media_type: MediaType, content: &impl Serialize) -> Result<Descriptor> {
        self.blob(media_type, &sorted(content)?)
    }

    /// Writes a layer. Also returns the digest of what is in the compression.
    pub(crate) fn layer(&self, layer: &Layer) -> Result<(Descriptor, String)> {
        let file = tempfile::NamedTempFile::new_in(self.unfinished.path()).context("writing a layer")?;
        let mut writer = Digester::new(BufWriter::new(&file));
        let content = layer.write(&mut writer)?;
        let length = writer.length();
        let (mut buffer, digest) = writer.finish();
        buffer.flush().context("writing a layer; is the disk full?")?;
        drop(buffer);
        // A temporary file is its owner's alone.
        fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .context("writing a layer")?;
        file.persist(self.blob_path(&digest)).context("writing a layer")?;
        Ok((descriptor(MediaType::ImageLayerGzip, length, &digest)?, content))
    }

    /// Writes a manifest, and enters it into the index under a tag, or without one where it refers to another. Images for
    /// several platforms have the same tag.
    pub(crate) fn manifest(
        &mut self,
        manifest: &ImageManifest,
        tag: Option<&str>,
        platform: Option<Platform>,
    ) -> Result<Descriptor> {
        let plain = self.json(MediaType::ImageManifest, manifest)?;
        let mut descriptor = plain.clone();
        descriptor.set_platform(platform);
        descriptor.set_artifact_type(manifest.artifact_type().clone());
        let tag = tag.map(str::to_owned);
        let of_tag = self.entries.iter_mut().find(|entry| tag.is_some() && entry.tag == tag);
        match of_tag {
            Some(entry) => entry.manifests.push(descriptor),
            None => self.entries.push(Entry {
                tag,
                manifests: vec![descriptor],
                annotations: manifest.annotations().clone(),
            }),
        }
        Ok(plain)
    }

    /// Writes the index of each image for several platforms, and returns the entries' descriptors.
    fn descriptors(&self) -> Result<Vec<Descriptor>> {
        let descriptor = |entry: &Entry| {
            let mut descriptor = match &*entry.manifests {
                [manifest] => manifest.clone(),
                _ => self.index_of(entry)?,
            };
            let annotations = |tag: &String| [(ANNOTATION_REF_NAME.to_owned(), tag.clone())].into();
            descriptor.set_annotations(entry.tag.as_ref().map(annotations));
            Ok(descriptor)
        };
        self.entries.iter().map(descriptor).collect()
    }

    fn index_of(&self, entry: &Entry) -> Result<Descriptor> {
        let mut index = ImageIndexBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageIndex)
            .manifests(entry.manifests.clone());
        if let Some(annotations) = &entry.annotations {
            index = index.annotations(annotations.clone());
        }
        self.json(MediaType::ImageIndex, &index.build()?)
    }

    /// Puts the layout in its place.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        let index = ImageIndexBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageIndex)
            .manifests(self.descriptors()?)
            .build()?;
        let directory = self.unfinished.path();
        fs::write(directory.join("index.json"), sorted(&index)?).context("writing the index")?;
        fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).context("writing the layout")?;
        // A temporary directory is its owner's alone.
        fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .context("writing the layout")?;
        match fs::remove_dir_all(&self.place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", self.place.display()));
            }
            _ => {}
        }
        let unfinished = self.unfinished.keep();
        fs::rename(&unfinished, &self.place).with_context(|| format!("renaming {}", unfinished.display()))?;
        Ok(self.place)
    }
}

fn descriptor(media_type: MediaType, length: u64, digest: &str) -> Result<Descriptor> {
    Ok(DescriptorBuilder::default()
        .media_type(media_type)
        .size(length)
        .digest(Sha256Digest::from_str(digest::hexadecimal(digest))?)
        .build()?)
}

/// Maps would be in another order in each process.
fn sorted(content: &impl Serialize) -> Result<Vec<u8>> {
    let mut value = serde_json::to_value(content)?;
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?)
}

#[cfg(test)]
mod tests {
    use oci_spec::image::{Arch, ImageManifestBuilder, Os, PlatformBuilder};
    use serde_json::Value;

    use super::*;

    /// A manifest, whose configuration is the text.
    fn manifest(layout: &Layout, text: &str) -> ImageManifest {
        ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(layout.blob(MediaType::ImageConfig, text.as_bytes()).unwrap())
            .layers([])
            .annotations(HashMap::from([("title".to_owned(), "an image".to_owned())]))
            .build()
            .unwrap()
    }

    fn platform(architecture: Arch) -> Option<Platform> {
        let platform = PlatformBuilder::default().architecture(architecture).os(Os::Linux);
        Some(platform.build().unwrap())
    }

    fn read(path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn images_for_several_platforms_are_one_index_under_their_tag() {
        let directory = tempfile::tempdir().unwrap();
        let mut layout = Layout::create(directory.path(), "name").unwrap();
        let (one, other, alone) = (
            manifest(&layout, "one"),
            manifest(&layout, "other"),
            manifest(&layout, "alone"),
        );
        let first = layout.manifest(&one, Some("1"), platform(Arch::Amd64)).unwrap();
        layout.manifest(&alone, None, None).unwrap();
        let second = layout.manifest(&other, Some("1"), platform(Arch::ARM64)).unwrap();
        let artifact = layout.manifest(&alone, Some("1-artifact"), None).unwrap();
        let layout = layout.finish().unwrap();

        let index = read(&layout.join("index.json"));
        let entries = index["manifests"].as_array().unwrap();
        let tag = |entry: &Value| entry["annotations"][ANNOTATION_REF_NAME].as_str().map(str::to_owned);
        let tags: Vec<_> = entries.iter().map(tag).collect();
        assert_eq!(tags, [Some("1".to_owned()), None, Some("1-artifact".to_owned())]);
        assert_eq!(entries[2]["digest"], artifact.digest().to_string());

        let hash = entries[0]["digest"].as_str().map(digest::hexadecimal).unwrap();
        let image = read(&layout.join(BLOBS).join(hash));
        assert_eq!(image["mediaType"], "application/vnd.oci.image.index.v1+json");
        assert_eq!(entries[0]["mediaType"], image["mediaType"]);
        assert_eq!(image["annotations"]["title"], "an image");
        let named = |entry: &Value| (entry["digest"].clone(), entry["platform"]["architecture"].clone());
        let platforms: Vec<_> = image["manifests"].as_array().unwrap().iter().map(named).collect();
        assert_eq!(
            platforms,
            [
                (first.digest().to_string().into(), "amd64".into()),
                (second.digest().to_string().into(), "arm64".into())
            ]
        );
    }

    #[test]
    fn an_image_for_one_platform_needs_no_index() {
        let directory = tempfile::tempdir().unwrap();
        let mut layout = Layout::create(directory.path(), "name").unwrap();
        let image = manifest(&layout, "one");
        let image = layout.manifest(&image, Some("1"), platform(Arch::ARM64)).unwrap();
        let index = read(&layout.finish().unwrap().join("index.json"));
        assert_eq!(index["manifests"][0]["digest"], image.digest().to_string());
        assert_eq!(index["manifests"][0]["platform"]["architecture"], "arm64");
    }
}
