//! Publishes a release in a registry: the images for all architectures and Spin's artifact with their bills of materials,
//! and the chart, all of this workspace's version and signed:
//!
//!     cargo xtask release --registry ghcr.io/OWNER --dry-run
//!     cargo xtask release --registry ghcr.io/OWNER --key cosign.key
//!
//! `artifact` says what is published, `chart` packages the chart, `registry` pushes, and `signature` signs. The programs
//! that speak to a registry (`program`) are oras and cosign, which are built from their Go modules.

mod artifact;
mod chart;
mod program;
mod registry;
mod signature;
mod versions;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, builder::PossibleValuesParser};
use images::{Image, architectures};
use serde::Serialize;
use system::{architecture::Architecture, command_line, workspace};

use artifact::Artifact;
use registry::{Address, Registry};
use signature::Signer;

/// Publishes the images, Spin's artifact and the chart in a registry, with bills of materials, signed by cosign
///
/// The version is that of Cargo.toml. A version that is published does not change: a second run of the same source finds
/// the same digests, and another source with the same version is refused.
#[derive(Debug, Parser)]
#[command(name = "release", bin_name = "cargo xtask release")]
struct Arguments {
    /// The registry, and the path of your artifacts in it: ghcr.io/OWNER. `docker login` or `oras login` logs in
    #[arg(long, value_name = "HOST[/PATH]")]
    registry: Address,
    /// Build and check everything, and print what would be published, without a word to the registry
    #[arg(long)]
    dry_run: bool,
    /// The private key to sign with, from `cosign generate-key-pair`; the password is in COSIGN_PASSWORD [default: sign by
    /// the identity of the CI run, or of a login in the browser]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Do not sign
    #[arg(long, conflicts_with = "key")]
    unsigned: bool,
    /// The architecture of the processors that the images are for
    #[arg(long, default_value = architectures::ALL, value_parser = PossibleValuesParser::new(architectures::names()))]
    architecture: String,
    /// The directory of the images that `cargo xtask images --output DIRECTORY` has built [default: build them]
    #[arg(long, value_name = "DIRECTORY")]
    images: Option<PathBuf>,
    /// Speak to the registry without TLS, as is always done with one on this machine
    #[arg(long)]
    plain_http: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// What happened to an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It is new in the registry.
    Pushed,
    /// The registry had it with the same digest.
    Unchanged,
    /// A dry run ends before.
    NotPushed,
}

/// An artifact in the answer.
#[derive(Debug, Serialize)]
struct Published {
    /// `ghcr.io/OWNER/stats-tracker-rails:0.1.0`
    reference: String,
    /// `sha256:…`
    digest: String,
    /// The architectures of an image, with their digests.
    images: Vec<artifact::Image>,
    outcome: Outcome,
    signed: bool,
}

/// The answer of `--json`.
#[derive(Debug, Serialize)]
struct Answer {
    version: &'static str,
    artifacts: Vec<Published>,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    let answer = match release(&arguments) {
        Ok(answer) => answer,
        Err(error) => return command_line::fail(sysexits::ExitCode::Unavailable, command_line::causes(&*error)),
    };
    match command_line::print(text(&answer, arguments.json).as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command_line::fail(
            sysexits::ExitCode::IoErr,
            format!("the answer can't be written to stdout: {error}"),
        ),
    }
}

fn text(answer: &Answer, json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(answer).expect("the answer has text keys") + "\n";
    }
    let mut lines = String::new();
    for artifact in &answer.artifacts {
        lines += &format!("{}@{}\n", artifact.reference, artifact.digest);
        // An image for one architecture has no index, so that its digest is that above.
        for image in artifact.images.iter().filter(|image| image.digest != artifact.digest) {
            lines += &format!("  {}: {}\n", image.architecture, image.digest);
        }
    }
    lines
}

fn release(arguments: &Arguments) -> Result<Answer> {
    versions::check(workspace())?;
    let registry = Registry {
        address: arguments.registry.clone(),
        plain_http: arguments.plain_http || arguments.registry.is_on_this_machine(),
    };
    let signer = match (&arguments.key, arguments.unsigned) {
        (_, true) => Signer::Nobody,
        (Some(key), _) => Signer::key(key)?,
        (None, _) => Signer::Identity,
    };
    let temporary = tempfile::tempdir().context("a temporary directory can't be made")?;
    let artifacts = artifacts(arguments, temporary.path())?;
    // A changed artifact is found before the first push.
    let mut outcomes = Vec::new();
    for artifact in &artifacts {
        outcomes.push(match arguments.dry_run {
            true => Outcome::NotPushed,
            false => outcome(&registry, artifact)?,
        });
    }
    let mut published = Vec::new();
    for (artifact, outcome) in artifacts.iter().zip(outcomes) {
        if outcome == Outcome::Pushed {
            registry.push(artifact)?;
        }
        let signed = !arguments.dry_run && signer.sign(&registry, artifact)?;
        published.push(Published {
            reference: registry.reference(artifact),
            digest: artifact.digest.clone(),
            images: artifact.images.clone(),
            outcome,
            signed,
        });
    }
    Ok(Answer {
        version: images::VERSION,
        artifacts: published,
    })
}

/// The artifacts in the order in which they are published. The chart is the last one: a chart that can be installed has
/// its images.
fn artifacts(arguments: &Arguments, temporary: &Path) -> Result<Vec<Artifact>> {
    let architectures = architectures::named(&arguments.architecture);
    let mut artifacts = Vec::new();
    for image in Image::ALL {
        let layout = match &arguments.images {
            Some(directory) => directory.join(image.name()),
            None => image.build_for(&architectures, &images::default_output()?)?,
        };
        let built = Artifact::in_layout(image.name(), &layout).and_then(|built| {
            built
                .iter()
                .try_for_each(|artifact| check_architectures(artifact, &architectures))?;
            Ok(built)
        });
        artifacts.extend(built.with_context(|| match arguments.images {
            Some(_) => format!(
                "build it: cargo xtask images --architecture {} --output {}",
                arguments.architecture,
                layout.with_file_name("").display()
            ),
            None => format!("the image {} was built", image.name()),
        })?);
    }
    let layout = chart::layout(&arguments.registry, temporary)?;
    artifacts.extend(Artifact::in_layout(chart::REPOSITORY, &layout)?);
    Ok(artifacts)
}

/// Checks that an image is for the architectures. An artifact that is no image is for all of them.
fn check_architectures(artifact: &Artifact, wanted: &[Architecture]) -> Result<()> {
    let built: Vec<_> = artifact.images.iter().map(|image| &*image.architecture).collect();
    let wanted: Vec<_> = wanted.iter().map(|architecture| architecture.name()).collect();
    ensure!(
        built.is_empty() || built == wanted,
        "{}:{} is built for {}, and not for {}",
        artifact.repository,
        artifact.tag,
        built.join(" and "),
        wanted.join(" and ")
    );
    Ok(())
}

/// Whether an artifact has to be pushed.
fn outcome(registry: &Registry, artifact: &Artifact) -> Result<Outcome> {
    match registry.digest(artifact)? {
        None => Ok(Outcome::Pushed),
        Some(digest) if digest == artifact.digest => Ok(Outcome::Unchanged),
        Some(digest) => bail!(
            "{} is published with another content: the registry has {digest}, and this source has {}; a published version \
             does not change: raise the version in Cargo.toml and in the chart's Chart.yaml",
            registry.reference(artifact),
            artifact.digest
        ),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
