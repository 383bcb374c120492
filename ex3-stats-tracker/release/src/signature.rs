//! Signatures by cosign.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use cluster::Tool;
use tempfile::TempDir;

use crate::{
    artifact::Artifact,
    program::{message, output, run},
    registry::Registry,
};

/// The environment variable with the password of the private key.
const PASSWORD: &str = "COSIGN_PASSWORD";

/// Sigstore's services for a signature with a key, and their own keys: none, so that the signature can be made and verified
/// without any of them. Otherwise cosign would fetch both from the internet.
const NO_SERVICES: &str =
    r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}"#;
const NO_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;

/// The signer of a release.
#[derive(Debug)]
pub(crate) enum Signer {
    /// Nothing is signed.
    Nobody,
    /// The owner of a private key.
    Key(Key),
    /// The identity of a CI run, or of a login in the browser, which Sigstore's services confirm.
    Identity,
}

/// A private key with its public one.
#[derive(Debug)]
pub(crate) struct Key {
    private: PathBuf,
    /// The public key, and the configuration of the services.
    files: TempDir,
}

impl Signer {
    /// The owner of the private key in a file.
    ///
    /// # Errors
    ///
    /// If cosign can't read the key, or there is no password.
    pub(crate) fn key(private: &Path) -> Result<Self> {
        ensure!(
            env::var_os(PASSWORD).is_some(),
            "the password of {} is missing: write it into the environment variable {PASSWORD}; it may be empty",
            private.display()
        );
        let files = tempfile::tempdir().context("a temporary directory can't be made")?;
        let key = Key {
            private: private.to_owned(),
            files,
        };
        for (path, text) in [(key.services(), NO_SERVICES), (key.root(), NO_ROOT)] {
            fs::write(path, text).context("writing the configuration of the signature")?;
        }
        let mut command = Tool::Cosign.command()?;
        command
            .args(["public-key", "--key"])
            .arg(private)
            .arg("--outfile")
            .arg(key.public());
        let output = output(&mut command)?;
        ensure!(
            output.status.success(),
            "the key {} can't be read: {}",
            private.display(),
            message(&output)
        );
        Ok(Self::Key(key))
    }

    /// Signs an artifact and its bill of materials, unless they are signed. Returns whether they are signed now.
    ///
    /// # Errors
    ///
    /// If cosign fails.
    pub(crate) fn sign(&self, registry: &Registry, artifact: &Artifact) -> Result<bool> {
        if matches!(self, Self::Nobody) {
            return Ok(false);
        }
        for digest in [&artifact.digest].into_iter().chain(&artifact.referrers) {
            let reference = format!("{}@{digest}", registry.repository(artifact));
            if let Self::Key(key) = self
                && key.has_signed(registry, &reference)?
            {
                continue;
            }
            let mut command = Tool::Cosign.command()?;
            command.args(["sign", "--yes"]);
            if let Self::Key(key) = self {
                command.arg("--key").arg(&key.private);
                command.arg("--signing-config").arg(key.services());
                command.arg("--trusted-root").arg(key.root());
            }
            if registry.plain_http {
                command.arg("--allow-http-registry");
            }
            run(command.arg(reference))?;
        }
        Ok(true)
    }
}

impl Key {
    fn public(&self) -> PathBuf {
        self.files.path().join("cosign.pub")
    }

    fn services(&self) -> PathBuf {
        self.files.path().join("services.json")
    }

    fn root(&self) -> PathBuf {
        self.files.path().join("root.json")
    }

    /// Whether the registry has a signature by this key. A second signature would be another artifact.
    fn has_signed(&self, registry: &Registry, reference: &str) -> Result<bool> {
        let mut command = Tool::Cosign.command()?;
        command
            .args(["verify", "--insecure-ignore-tlog", "--key"])
            .arg(self.public());
        if registry.plain_http {
            command.arg("--allow-http-registry");
        }
        Ok(output(command.arg(reference))?.status.success())
    }
}
