//! Signatures by cosign.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use cluster::{Tool, cosign};
use tempfile::TempDir;

use crate::{
    artifact::Artifact,
    program::{message, output, run},
    registry::Registry,
};

/// The environment variable with the password of the private key.
const PASSWORD: &str = "COSIGN_PASSWORD";

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
    /// The public key, and the configuration of the signature.
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

    /// Signs an artifact, its images and their bills of materials, unless they are signed. Returns whether they are signed
    /// now.
    ///
    /// # Errors
    ///
    /// If cosign fails.
    pub(crate) fn sign(&self, registry: &Registry, artifact: &Artifact) -> Result<bool> {
        if matches!(self, Self::Nobody) {
            return Ok(false);
        }
        for digest in artifact.digests() {
            let reference = format!("{}@{digest}", registry.repository(artifact));
            if let Self::Key(key) = self
                && key.has_signed(registry, &reference)?
            {
                continue;
            }
            let mut command = match self {
                Self::Key(key) => cosign::sign(&key.private, key.files.path())?,
                _ => {
                    let mut command = Tool::Cosign.command()?;
                    command.args(["sign", "--yes"]);
                    command
                }
            };
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
