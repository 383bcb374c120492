//! An artifact of a release, in an OCI image layout on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// A tagged artifact: an image, Spin's application, or the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// Its path below that of the registry: `stats-tracker-rails`.
    pub(crate) repository: String,
    pub(crate) tag: String,
    pub(crate) layout: PathBuf,
    /// `sha256:` and the hash of the manifest, or of the index of an image for several architectures.
    pub(crate) digest: String,
    /// An image's architectures with their manifests. Spin's application and the chart are for every architecture, and have
    /// none.
    pub(crate) images: Vec<Image>,
    /// The digests of what refers to it or to its images: their bills of materials.
    pub(crate) referrers: Vec<String>,
}

/// An image for one architecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Image {
    pub(crate) architecture: String,
    pub(crate) digest: String,
}

/// A layout's `index.json`, or the index of an image, with the fields that are read.
#[derive(Deserialize)]
struct Index {
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    #[serde(default, rename = "mediaType")]
    media_type: String,
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Deserialize)]
struct Platform {
    architecture: String,
}

/// The media type of the index of an image for several architectures.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[derive(Default, Deserialize)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.ref.name")]
    tag: Option<String>,
}

/// A manifest that refers to another one.
#[derive(Deserialize)]
struct Referrer {
    subject: Entry,
}

impl Artifact {
    /// The tagged artifacts in a layout.
    ///
    /// # Errors
    ///
    /// If the layout can't be read, or has none.
    pub(crate) fn in_layout(repository: &str, layout: &Path) -> Result<Vec<Self>> {
        let index: Index = read(&layout.join("index.json"))?;
        let (tagged, referring): (Vec<_>, Vec<_>) = index
            .manifests
            .into_iter()
            .partition(|entry| entry.annotations.tag.is_some());
        let referring = referring
            .into_iter()
            .map(|entry| {
                let manifest: Referrer = read(&blob(layout, &entry.digest))?;
                Ok((manifest.subject.digest, entry.digest))
            })
            .collect::<Result<Vec<_>>>()?;
        ensure!(!tagged.is_empty(), "{} has no tagged artifact", layout.display());
        let artifact = |entry: Entry| {
            let digest = entry.digest.clone();
            let tag = entry.annotations.tag.clone().unwrap_or_default();
            let images = if entry.media_type == INDEX {
                let index: Index = read(&blob(layout, &digest))?;
                index.manifests.into_iter().filter_map(Entry::image).collect()
            } else {
                Vec::from_iter(entry.image())
            };
            let own = |subject: &String| *subject == digest || images.iter().any(|image| image.digest == *subject);
            Ok(Self {
                repository: repository.to_owned(),
                tag,
                layout: layout.to_owned(),
                referrers: referring
                    .iter()
                    .filter(|(subject, _)| own(subject))
                    .map(|(_, referrer)| referrer.clone())
                    .collect(),
                images,
                digest,
            })
        };
        tagged.into_iter().map(artifact).collect()
    }

    /// All that is signed: the manifest or the index, the images in the index, and what refers to them.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &String> {
        let images = self.images.iter().map(|image| &image.digest);
        let below = images.filter(|digest| **digest != self.digest);
        [&self.digest].into_iter().chain(below).chain(&self.referrers)
    }
}

impl Entry {
    fn image(self) -> Option<Image> {
        Some(Image {
            architecture: self.platform?.architecture,
            digest: self.digest,
        })
    }
}

fn blob(layout: &Path, digest: &str) -> PathBuf {
    layout.join("blobs/sha256").join(digest.trim_start_matches("sha256:"))
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not what an image layout has", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_has_its_bill_of_materials() {
        let layout = tempfile::tempdir().unwrap();
        let blobs = layout.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let bill = |subject| format!(r#"{{"layers":[],"subject":{{"digest":"{subject}","size":1}}}}"#);
        fs::write(blobs.join("b1"), bill("sha256:a1")).unwrap();
        fs::write(blobs.join("b2"), bill("sha256:a2")).unwrap();
        let tagged = |digest, tag| {
            format!(r#"{{"digest":"{digest}","annotations":{{"org.opencontainers.image.ref.name":"{tag}"}}}}"#)
        };
        let index = format!(
            r#"{{"manifests":[{},{{"digest":"sha256:b1"}},{{"digest":"sha256:b2"}},{}]}}"#,
            tagged("sha256:a1", "1"),
            tagged("sha256:a2", "1-x")
        );
        fs::write(layout.path().join("index.json"), index).unwrap();
        let artifacts = Artifact::in_layout("name", layout.path()).unwrap();
        let named = |artifact: &Artifact| {
            (
                artifact.tag.clone(),
                artifact.digest.clone(),
                artifact.referrers.clone(),
            )
        };
        let expected = |tag: &str, digest: &str, bill: &str| (tag.to_owned(), digest.to_owned(), vec![bill.to_owned()]);
        assert_eq!(
            artifacts.iter().map(named).collect::<Vec<_>>(),
            [
                expected("1", "sha256:a1", "sha256:b1"),
                expected("1-x", "sha256:a2", "sha256:b2")
            ]
        );
    }

    #[test]
    fn an_image_for_several_architectures_has_their_digests_and_bills() {
        let layout = tempfile::tempdir().unwrap();
        let blobs = layout.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        for (name, subject) in [("b1", "a1"), ("b2", "a2")] {
            let bill = format!(r#"{{"layers":[],"subject":{{"digest":"sha256:{subject}","size":1}}}}"#);
            fs::write(blobs.join(name), bill).unwrap();
        }
        let platform = |digest, architecture| {
            format!(r#"{{"digest":"sha256:{digest}","platform":{{"architecture":"{architecture}","os":"linux"}}}}"#)
        };
        let (amd64, arm64) = (platform("a1", "amd64"), platform("a2", "arm64"));
        fs::write(blobs.join("c"), format!(r#"{{"manifests":[{amd64},{arm64}]}}"#)).unwrap();
        let index = format!(
            r#"{{"manifests":[{{"digest":"sha256:c","mediaType":"{INDEX}","annotations":
                {{"org.opencontainers.image.ref.name":"1"}}}},{{"digest":"sha256:b1"}},{{"digest":"sha256:b2"}}]}}"#
        );
        fs::write(layout.path().join("index.json"), index).unwrap();
        let artifacts = Artifact::in_layout("name", layout.path()).unwrap();
        let [artifact] = &*artifacts else {
            panic!("{artifacts:?}")
        };
        let architectures: Vec<_> = artifact.images.iter().map(|image| &*image.architecture).collect();
        assert_eq!(architectures, ["amd64", "arm64"]);
        let signed: Vec<_> = artifact.digests().collect();
        assert_eq!(signed, ["sha256:c", "sha256:a1", "sha256:a2", "sha256:b1", "sha256:b2"]);
    }

    #[test]
    fn what_is_no_layout_is_refused() {
        let layout = tempfile::tempdir().unwrap();
        let error = || format!("{:#}", Artifact::in_layout("name", layout.path()).unwrap_err());
        assert!(error().contains("index.json"));
        fs::write(layout.path().join("index.json"), "[]").unwrap();
        assert!(error().contains("not what an image layout has"));
        fs::write(layout.path().join("index.json"), r#"{"manifests":[]}"#).unwrap();
        assert!(error().contains("no tagged artifact"));
    }
}
