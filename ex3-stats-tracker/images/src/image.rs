//! An image in its layout: layer, configuration, manifest, and bill of materials.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use oci_spec::image::{
    ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_SOURCE, ANNOTATION_TITLE, ANNOTATION_URL,
    ANNOTATION_VERSION, Arch, ConfigBuilder, Descriptor, HistoryBuilder, ImageConfigurationBuilder,
    ImageManifestBuilder, MediaType, Os, PlatformBuilder, RootFsBuilder, SCHEMA_VERSION,
};
use system::{architecture::Architecture, workspace};

use crate::{
    bill::{self, Package},
    layer::Layer,
    layout::Layout,
    names::{USER, VERSION},
};

/// The content and configuration of an image.
#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) name: &'static str,
    pub(crate) tag: String,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) layer: Layer,
    pub(crate) entrypoint: Vec<String>,
    pub(crate) command: Vec<String>,
    pub(crate) environment: BTreeMap<&'static str, String>,
    pub(crate) directory: &'static str,
    pub(crate) port: u16,
    pub(crate) packages: Vec<Package>,
}

impl Image {
    /// Writes the image for an architecture, and adds it to the layout's index.
    pub(crate) fn write(self, layout: &mut Layout, architecture: Architecture) -> Result<()> {
        let architecture = arch(architecture);
        let labels = labels(self.title, self.description);
        let (layer, content) = layout.layer(&self.layer)?;
        let mut config = ConfigBuilder::default()
            .user(format!("{USER}:{USER}"))
            .exposed_ports([format!("{}/tcp", self.port)])
            .working_dir(self.directory)
            .labels(labels.clone())
            .stop_signal("SIGTERM");
        if !self.entrypoint.is_empty() {
            config = config.entrypoint(self.entrypoint);
        }
        if !self.command.is_empty() {
            config = config.cmd(self.command);
        }
        if !self.environment.is_empty() {
            let variables = self.environment.iter().map(|(name, value)| format!("{name}={value}"));
            config = config.env(variables.collect::<Vec<_>>());
        }
        let configuration = ImageConfigurationBuilder::default()
            .architecture(architecture.clone())
            .os(Os::Linux)
            .config(config.build()?)
            .rootfs(RootFsBuilder::default().typ("layers").diff_ids([content]).build()?)
            .history([HistoryBuilder::default()
                .created_by("cargo xtask images")
                .comment(self.title)
                .build()?])
            .build()?;
        let configuration = layout.json(MediaType::ImageConfig, &configuration)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(configuration)
            .layers([layer])
            .annotations(labels)
            .build()?;
        let platform = PlatformBuilder::default()
            .architecture(architecture)
            .os(Os::Linux)
            .build()?;
        let image = layout.manifest(&manifest, Some(&self.tag), Some(platform))?;
        attach_bill(layout, self.name, image, &self.packages)
    }
}

/// Attaches the bill of materials as an artifact whose manifest refers to the image.
pub(crate) fn attach_bill(layout: &mut Layout, name: &str, image: Descriptor, packages: &[Package]) -> Result<()> {
    let media_type = MediaType::Other(bill::MEDIA_TYPE.to_owned());
    let bill = layout.blob(media_type.clone(), &bill::bill(name, packages)?)?;
    let empty = layout.blob(MediaType::EmptyJSON, b"{}")?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .artifact_type(media_type)
        .config(empty)
        .layers([bill])
        .subject(image)
        .build()?;
    layout.manifest(&manifest, None, None)?;
    Ok(())
}

/// The labels of an image, which are also its manifest's annotations.
pub(crate) fn labels(title: &str, description: &str) -> HashMap<String, String> {
    [
        (ANNOTATION_TITLE, title),
        (ANNOTATION_DESCRIPTION, description),
        (ANNOTATION_VERSION, VERSION),
        (ANNOTATION_LICENSES, env!("CARGO_PKG_LICENSE")),
        (ANNOTATION_SOURCE, env!("CARGO_PKG_REPOSITORY")),
        (ANNOTATION_URL, env!("CARGO_PKG_REPOSITORY")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn arch(architecture: Architecture) -> Arch {
    match architecture {
        Architecture::Amd64 => Arch::Amd64,
        Architecture::Arm64 => Arch::ARM64,
    }
}

/// Reads a text file of the workspace.
pub(crate) fn read(path: &str) -> Result<String> {
    let path = workspace().join(path);
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}
