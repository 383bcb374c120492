//! A release of this repository in a registry, as `cargo xtask release` publishes it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cluster::{Registry, Tool, cosign};
use system::{architecture::Architecture, ports::free_port};

use crate::common::{stdout, workspace};

/// The path of the artifacts in the registry.
const OWNER: &str = "owner";

/// The chart in the registry.
const CHART: &str = "charts/stats-tracker";

/// The pair of keys of the release, and one of a stranger.
#[derive(Clone, Copy)]
pub(crate) enum Signer {
    Owner,
    Stranger,
}

/// A registry with a release.
pub(crate) struct Release {
    registry: Registry,
}

/// The directory of the registry's data and of the keys.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("flux")
}

fn keys(signer: Signer) -> PathBuf {
    directory().join(match signer {
        Signer::Owner => "owner",
        Signer::Stranger => "stranger",
    })
}

/// Builds the release and publishes it in a registry, which ends afterwards. [`Release::serve`] starts it again.
pub(crate) fn publish() {
    let _ = fs::remove_dir_all(directory());
    for signer in [Signer::Owner, Signer::Stranger] {
        fs::create_dir_all(keys(signer)).unwrap();
        let mut generate = command(Tool::Cosign);
        stdout(generate.arg("generate-key-pair").current_dir(keys(signer)));
    }
    let port = free_port().unwrap();
    fs::write(directory().join("port"), port.to_string()).unwrap();
    let release = Release::serve();
    let mut publish = Command::new(env!("CARGO"));
    publish.args(["run", "--quiet", "--package", "release", "--"]);
    // The node has this machine's architecture.
    let architecture = Architecture::here().expect("the images are for this machine's architecture, too");
    publish.args(["--architecture", architecture.name()]);
    publish.args(["--registry", &release.address(), "--key"]);
    publish.arg(keys(Signer::Owner).join("cosign.key"));
    publish.current_dir(workspace()).env("COSIGN_PASSWORD", "");
    println!("{}", stdout(&mut publish));
}

/// A tool with the keys' password, which is empty.
fn command(tool: Tool) -> Command {
    let mut command = tool.command().unwrap_or_else(|error| panic!("{error}"));
    command.env("COSIGN_PASSWORD", "");
    command
}

impl Release {
    /// Serves what was [published](publish), at the same port: the chart has the addresses of its images.
    pub(crate) fn serve() -> Self {
        let port = fs::read_to_string(directory().join("port")).unwrap().parse().unwrap();
        let registry = Registry::start(&directory().join("registry"), port);
        Self {
            registry: registry.unwrap_or_else(|error| panic!("{error}")),
        }
    }

    /// The registry, and the path of the artifacts in it.
    pub(crate) fn address(&self) -> String {
        format!("{}/{OWNER}", self.registry.address())
    }

    /// The file of the release's public key.
    pub(crate) fn public_key() -> PathBuf {
        keys(Signer::Owner).join("cosign.pub")
    }

    /// Publishes the chart with another version, without a signature.
    pub(crate) fn publish_chart(&self, version: &str) {
        let temporary = tempfile::tempdir().unwrap();
        let helm = |arguments: &[&str]| {
            let mut helm = command(Tool::Helm);
            stdout(helm.current_dir(temporary.path()).args(arguments));
        };
        let chart = format!("oci://{}/{CHART}", self.address());
        helm(&["pull", "--plain-http", "--untar", &chart, "--version", images::VERSION]);
        helm(&["package", "stats-tracker", "--version", version]);
        let package = format!("stats-tracker-{version}.tgz");
        helm(&[
            "push",
            "--plain-http",
            &package,
            &format!("oci://{}/charts", self.address()),
        ]);
    }

    /// Signs a version of the chart.
    pub(crate) fn sign_chart(&self, version: &str, signer: Signer) {
        let chart = format!("{}/{CHART}:{version}", self.address());
        let mut oras = command(Tool::Oras);
        let digest = stdout(oras.args(["resolve", "--plain-http", &chart]));
        let temporary = tempfile::tempdir().unwrap();
        let sign = cosign::sign(&keys(signer).join("cosign.key"), temporary.path());
        let mut sign = sign.unwrap_or_else(|error| panic!("{error}"));
        sign.args(["--allow-http-registry", &format!("{chart}@{}", digest.trim())]);
        stdout(sign.env("COSIGN_PASSWORD", ""));
    }

    /// Publishes the component's image under another tag.
    pub(crate) fn tag_component(&self, tag: &str) {
        let image = format!("{}/stats-tracker-component:{}", self.address(), images::VERSION);
        let mut oras = command(Tool::Oras);
        stdout(oras.args(["tag", "--plain-http", &image, tag]));
    }
}
