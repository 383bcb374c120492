//! OCI's image layout: a directory of blobs, each named after its digest, and an index of what they are.

use std::{
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
    index: Vec<Descriptor>,
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
            index: Vec::new(),
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

    /// Writes a manifest, and enters it into the index under a tag, or without one where it refers to another.
    pub(crate) fn manifest(
        &mut self,
        manifest: &ImageManifest,
        tag: Option<&str>,
        platform: Option<Platform>,
    ) -> Result<Descriptor> {
        let plain = self.json(MediaType::ImageManifest, manifest)?;
        let mut entry = plain.clone();
        entry.set_platform(platform);
        entry.set_artifact_type(manifest.artifact_type().clone());
        entry.set_annotations(tag.map(|tag| [(ANNOTATION_REF_NAME.to_owned(), tag.to_owned())].into()));
        self.index.push(entry);
        Ok(plain)
    }

    /// Puts the layout in its place.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        let index = ImageIndexBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageIndex)
            .manifests(self.index)
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
