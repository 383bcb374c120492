//! An artifact of a release, in an OCI image layout on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A tagged artifact: an image, Spin's application, or the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// Its path below that of the registry: `stats-tracker-rails`.
    pub(crate) repository: String,
    pub(crate) tag: String,
    pub(crate) layout: PathBuf,
    /// `sha256:` and the hash of the manifest.
    pub(crate) digest: String,
    /// The digests of what refers to it: its bill of materials.
    pub(crate) referrers: Vec<String>,
}

/// A layout's `index.json`, with the fields that are read.
#[derive(Deserialize)]
struct Index {
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    #[serde(default)]
    annotations: Annotations,
}

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
                let hash = entry.digest.trim_start_matches("sha256:");
                let manifest: Referrer = read(&layout.join("blobs/sha256").join(hash))?;
                Ok((manifest.subject.digest, entry.digest))
            })
            .collect::<Result<Vec<_>>>()?;
        ensure!(!tagged.is_empty(), "{} has no tagged artifact", layout.display());
        let artifacts = tagged.into_iter().map(|Entry { digest, annotations }| Self {
            repository: repository.to_owned(),
            tag: annotations.tag.unwrap_or_default(),
            layout: layout.to_owned(),
            referrers: referring
                .iter()
                .filter(|(subject, _)| *subject == digest)
                .map(|(_, referrer)| referrer.clone())
                .collect(),
            digest,
        });
        Ok(artifacts.collect())
    }
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
