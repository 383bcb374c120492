//! A whole release into a real registry on this machine: published, signed, pulled, verified, refused, published again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use cluster::Tool;
use images::{Image, architectures};
use serde_json::Value;
use system::{architecture::Architecture, ports::free_port};
use tempfile::TempDir;

/// The choice of this machine's architecture.
fn here() -> &'static str {
    let here = Architecture::here().expect("the images are for this machine's architecture, too");
    here.name()
}

/// The directory of the images for a choice of architectures, which are built once for all tests.
fn images(architecture: &str) -> &'static Path {
    static DIRECTORIES: [OnceLock<PathBuf>; 2] = [const { OnceLock::new() }; 2];
    DIRECTORIES[usize::from(architecture == architectures::ALL)].get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("release")
            .join(architecture);
        for image in Image::ALL {
            image
                .build_for(&architectures::named(architecture), &directory)
                .unwrap_or_else(|error| panic!("{error:#}"));
        }
        directory
    })
}

/// A registry with its data in a temporary directory.
struct Registry {
    server: cluster::Registry,
    directory: TempDir,
}

impl Registry {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = cluster::Registry::start(directory.path(), free_port().unwrap());
        Self {
            server: server.unwrap_or_else(|error| panic!("{error}")),
            directory,
        }
    }

    /// The number of stored blobs and manifests.
    fn files(&self) -> usize {
        let blobs = self.directory.path().join("data/docker/registry/v2/blobs");
        walk(&blobs)
    }
}

fn walk(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.path().is_dir() {
            true => walk(&entry.path()),
            false => 1,
        })
        .sum()
}

/// A pair of keys in a directory, made by cosign.
fn keys() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut command = tool(Tool::Cosign);
    let made = command.arg("generate-key-pair").current_dir(&directory);
    succeeded(made.output().unwrap());
    directory
}

fn tool(tool: Tool) -> Command {
    let mut command = tool.command().unwrap_or_else(|error| panic!("{error}"));
    command.env("COSIGN_PASSWORD", "");
    command
}

fn release(registry: &str, arguments: &[&str]) -> Output {
    release_for(here(), registry, arguments)
}

fn release_for(architecture: &str, registry: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_release"));
    command.args(["--registry", registry, "--architecture", architecture]);
    command.arg("--images").arg(images(architecture));
    command.args(arguments).env("COSIGN_PASSWORD", "").output().unwrap()
}

fn succeeded(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn failed(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{message}");
    assert!(output.stdout.is_empty());
    message
}

#[test]
fn a_release_is_published_signed_pulled_and_published_again() {
    let registry = Registry::start();
    let (keys, others) = (keys(), keys());
    let key = keys.path().join("cosign.key");
    let key = key.to_str().unwrap();
    let address = format!("{}/owner", registry.server.address());

    let planned = succeeded(release(&address, &["--dry-run"]));
    assert_eq!(registry.files(), 0, "a dry run publishes nothing");

    let answer: Value = serde_json::from_str(&succeeded(release(&address, &["--key", key, "--json"]))).unwrap();
    let artifacts = answer["artifacts"].as_array().unwrap();
    assert!(
        artifacts
            .iter()
            .all(|one| one["outcome"] == "pushed" && one["signed"] == true),
        "{answer}"
    );
    let names: Vec<String> = artifacts.iter().map(pinned).collect();
    assert_eq!(names.join("\n") + "\n", planned, "as the dry run said");
    assert_eq!(names.len(), 5, "three images, Spin's artifact and the chart: {names:?}");
    assert!(
        names[4].contains("/owner/charts/stats-tracker:"),
        "the chart is last: {names:?}"
    );

    for artifact in &names {
        verify(artifact, keys.path()).unwrap_or_else(|message| panic!("{artifact}: {message}"));
        let other = verify(artifact, others.path()).unwrap_err();
        assert!(other.contains("signature"), "{other}");
    }
    pulled(&names, &address);

    let stored = registry.files();
    let again: Value = serde_json::from_str(&succeeded(release(&address, &["--key", key, "--json"]))).unwrap();
    let artifacts = again["artifacts"].as_array().unwrap();
    assert!(
        artifacts
            .iter()
            .all(|one| one["outcome"] == "unchanged" && one["signed"] == true),
        "{again}"
    );
    assert_eq!(artifacts.iter().map(pinned).collect::<Vec<_>>(), names);
    assert_eq!(registry.files(), stored, "nothing is stored twice, signatures neither");

    changed(&registry, &address);
}

/// `REGISTRY/NAME:TAG@DIGEST`
fn pinned(artifact: &Value) -> String {
    let text = |key: &str| artifact[key].as_str().unwrap();
    format!("{}@{}", text("reference"), text("digest"))
}

/// Verifies the signature with the public key in a directory.
fn verify(artifact: &str, keys: &Path) -> Result<(), String> {
    let mut command = tool(Tool::Cosign);
    command.args(["verify", "--insecure-ignore-tlog", "--allow-http-registry", "--key"]);
    let output = command.arg(keys.join("cosign.pub")).arg(artifact).output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Pulls an image by its digest, its bill of materials, and the chart, with the tools of the readers.
fn pulled(names: &[String], address: &str) {
    let directory = tempfile::tempdir().unwrap();
    let rails = names.iter().find(|name| name.contains("rails")).unwrap();
    let (repository, digest) = (
        rails.rsplit_once(':').unwrap().0.rsplit_once(':').unwrap().0,
        rails.split('@').nth(1).unwrap(),
    );
    let mut skopeo = Command::new("skopeo");
    skopeo.args(["copy", "--src-tls-verify=false", "--quiet"]);
    skopeo.arg(format!("docker://{repository}@{digest}"));
    succeeded(
        skopeo
            .arg(format!("dir:{}", directory.path().join("rails").display()))
            .output()
            .unwrap(),
    );

    let mut oras = tool(Tool::Oras);
    oras.args([
        "discover",
        "--plain-http",
        "--format",
        "json",
        "--artifact-type",
        "application/vnd.cyclonedx+json",
    ]);
    let found: Value =
        serde_json::from_str(&succeeded(oras.arg(format!("{repository}@{digest}")).output().unwrap())).unwrap();
    let bill = found["referrers"][0]["reference"]
        .as_str()
        .unwrap_or_else(|| panic!("no bill: {found}"));
    let bill_directory = directory.path().join("bill");
    fs::create_dir(&bill_directory).unwrap();
    let mut oras = tool(Tool::Oras);
    let manifest = succeeded(oras.args(["manifest", "fetch", "--plain-http", bill]).output().unwrap());
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let blob = format!("{repository}@{}", manifest["layers"][0]["digest"].as_str().unwrap());
    let mut oras = tool(Tool::Oras);
    let content = succeeded(
        oras.args(["blob", "fetch", "--plain-http", "--output", "-", &blob])
            .output()
            .unwrap(),
    );
    let content: Value = serde_json::from_str(&content).unwrap();
    let packages = content["components"].as_array().unwrap();
    assert!(packages.iter().any(|package| package["name"] == "ruby-pg"), "{content}");

    let mut helm = tool(Tool::Helm);
    helm.args(["pull", "--plain-http", "--destination"])
        .arg(directory.path());
    succeeded(
        helm.arg(format!("oci://{address}/charts/stats-tracker"))
            .output()
            .unwrap(),
    );
    let package = directory.path().join(format!("stats-tracker-{}.tgz", images::VERSION));
    let mut helm = tool(Tool::Helm);
    let rendered = succeeded(helm.args(["template", "stats-tracker"]).arg(package).output().unwrap());
    let images = rendered.lines().filter_map(|line| line.trim().strip_prefix("image: "));
    let own: Vec<_> = images.filter(|image| image.contains("stats-tracker-")).collect();
    assert!(
        !own.is_empty() && own.iter().all(|image| image.trim_matches('"').starts_with(address)),
        "{own:?}"
    );
}

/// Another content with the same version is refused before anything is pushed.
fn changed(registry: &Registry, address: &str) {
    let stored = registry.files();
    let mut oras = tool(Tool::Oras);
    let rails = format!("{address}/stats-tracker-rails");
    let spin = format!("{address}/stats-tracker-spin:{}", images::VERSION);
    let copied = oras.args(["copy", "--from-plain-http", "--to-plain-http", &spin]);
    succeeded(copied.arg(format!("{rails}:{}", images::VERSION)).output().unwrap());
    let after = registry.files();
    let message = failed(&release(address, &["--unsigned"]));
    assert!(
        message.contains("stats-tracker-rails") && message.contains("raise the version"),
        "{message}"
    );
    assert_eq!(registry.files(), after);
    assert!(after >= stored);
}

#[test]
#[ignore = "the build of the host for another processor takes minutes"]
fn a_release_for_all_architectures_has_an_index_of_each_image() {
    let registry = Registry::start();
    let keys = keys();
    let key = keys.path().join("cosign.key");
    let key = key.to_str().unwrap();
    let address = format!("{}/owner", registry.server.address());
    let publish = |arguments: &[&str]| succeeded(release_for(architectures::ALL, &address, arguments));

    let planned = publish(&["--dry-run"]);
    let answer: Value = serde_json::from_str(&publish(&["--key", key, "--json"])).unwrap();
    let artifacts = answer["artifacts"].as_array().unwrap();
    assert_eq!(artifacts.len(), 5);
    for artifact in artifacts {
        assert!(planned.contains(&pinned(artifact)), "{planned}");
        let images = artifact["images"].as_array().unwrap();
        let names: Vec<_> = images
            .iter()
            .map(|image| image["architecture"].as_str().unwrap())
            .collect();
        let reference = artifact["reference"].as_str().unwrap();
        let is_image = !reference.contains("/charts/") && !reference.ends_with(&format!("spin:{}", images::VERSION));
        assert_eq!(
            names,
            if is_image { vec!["amd64", "arm64"] } else { vec![] },
            "{artifact}"
        );
        let repository = reference.rsplit_once(':').unwrap().0;
        for image in images {
            let digest = image["digest"].as_str().unwrap();
            assert!(planned.contains(digest), "{planned}");
            let platform = format!("{repository}@{digest}");
            verify(&platform, keys.path()).unwrap_or_else(|message| panic!("{platform}: {message}"));
            assert!(has_bill(&platform), "{platform}");
        }
        verify(&pinned(artifact), keys.path()).unwrap_or_else(|message| panic!("{artifact}: {message}"));
    }

    let stored = registry.files();
    let again: Value = serde_json::from_str(&publish(&["--key", key, "--json"])).unwrap();
    let artifacts = again["artifacts"].as_array().unwrap();
    assert!(
        artifacts.iter().all(|artifact| artifact["outcome"] == "unchanged"),
        "{again}"
    );
    assert_eq!(registry.files(), stored, "nothing is stored twice");
}

/// Whether a bill of materials refers to an image.
fn has_bill(image: &str) -> bool {
    let mut oras = tool(Tool::Oras);
    oras.args(["discover", "--plain-http", "--format", "json", "--artifact-type"]);
    oras.args(["application/vnd.cyclonedx+json", image]);
    let found: Value = serde_json::from_str(&succeeded(oras.output().unwrap())).unwrap();
    found["referrers"].as_array().is_some_and(|bills| bills.len() == 1)
}

/// An architecture must not be missing because of older images.
#[test]
fn images_for_other_architectures_are_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_release"));
    command.args(["--registry", "localhost:1", "--dry-run", "--images"]);
    let message = failed(&command.arg(images(here())).output().unwrap());
    assert!(
        message.contains(&format!("is built for {}, and not for amd64 and arm64", here()))
            && message.contains("cargo xtask images --architecture all --output"),
        "{message}"
    );
}

#[test]
fn a_registry_that_does_not_answer_is_named() {
    let port = free_port().unwrap();
    let message = failed(&release(&format!("127.0.0.1:{port}"), &["--unsigned"]));
    assert!(
        message.contains(&format!("127.0.0.1:{port}")) && message.contains("is it there"),
        "{message}"
    );
}

#[test]
fn wrong_arguments_are_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_release"));
    assert_eq!(
        command
            .args(["--registry", "https://ghcr.io"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(64)
    );
    let registry = format!("127.0.0.1:{}", free_port().unwrap());
    let message = failed(&release(&registry, &["--key", "no-such-file"]));
    assert!(message.contains("no-such-file"), "{message}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_release"));
    let nowhere = command.args(["--registry", &registry, "--dry-run", "--images", "no-such-directory"]);
    let message = failed(&nowhere.output().unwrap());
    assert!(
        message.contains("cargo xtask images --architecture all --output no-such-directory"),
        "{message}"
    );
}
