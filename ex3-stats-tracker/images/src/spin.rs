//! The component for Spin, in two forms: the artifact that `spin registry push` creates, for SpinKube's SpinApp; and an
//! image for a RuntimeClass, whose shim reads `/spin.toml`.

use anyhow::{Context, Result};
use oci_spec::image::{Arch, ImageManifestBuilder, MediaType, SCHEMA_VERSION};
use serde_json::{Map, Value, json};
use system::architecture::Architecture;
use toml::Table;
use wasm::guests::SPIN_COMPONENT;

use crate::{
    bill::Package,
    crates, digest,
    image::{Image, attach_bill, labels, read},
    layer::Layer,
    layout::Layout,
    names::{self, RUNTIME_CLASS, VERSION},
};

/// The module in an image, beside its manifest.
pub(crate) const MODULE: &str = "stats_tracker_spin.wasm";

/// Spin's media type of an application. It is not a standard.
const APPLICATION: &str = "application/vnd.fermyon.spin.application.v1+config";
/// Spin's media type of a module. It is not a standard.
const WASM: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// The operating system in Spin's artifacts.
const WASI: &str = "Wasip1";

const TITLE: &str = "The stats tracker's component";
const DESCRIPTION: &str = "Counts how often an organisation's container images were pulled from ghcr.io; run by Spin";

/// Spin's artifact, which is for every architecture, and the images for a RuntimeClass. The shim is the runtime, so that
/// an image has only the files that it runs.
pub(crate) fn build(layout: &mut Layout, architectures: &[Architecture]) -> Result<()> {
    let module = SPIN_COMPONENT.read()?;
    let manifest = manifest()?;
    let packages = packages()?;
    artifact(layout, &manifest, &module, &packages)?;

    let text = toml::to_string(&manifest).context("writing spin.toml")?;
    for &architecture in architectures {
        let mut layer = Layer::default();
        layer.file("spin.toml", text.clone());
        layer.file(MODULE, module.clone());
        Image {
            name: names::SPIN,
            tag: format!("{VERSION}{RUNTIME_CLASS}"),
            title: TITLE,
            description: DESCRIPTION,
            layer,
            // containerd requires a command, but the shim ignores it.
            command: vec!["/".to_owned()],
            directory: "/",
            port: 80,
            packages: packages.clone(),
            ..Image::default()
        }
        .write(layout, architecture)?;
    }
    Ok(())
}

/// The crates in the module.
pub(crate) fn packages() -> Result<Vec<Package>> {
    crates::linked(SPIN_COMPONENT.package, "wasm32-wasip1", true)
}

/// The component's `spin.toml` for an image: with the module beside it, and without the build command.
pub(crate) fn manifest() -> Result<Table> {
    let mut manifest: Table =
        toml::from_str(&read("ex3-stats-tracker/spin/spin.toml")?).context("reading spin.toml")?;
    let components = manifest
        .get_mut("component")
        .and_then(|component| component.as_table_mut());
    for (_, component) in components.context("spin.toml has no component")? {
        let component = component.as_table_mut().context("a component is a table")?;
        component.insert("source".to_owned(), MODULE.into());
        component.remove("build");
    }
    Ok(manifest)
}

fn artifact(layout: &mut Layout, manifest: &Table, module: &[u8], packages: &[Package]) -> Result<()> {
    let locked = locked(manifest, &digest::of(module))?;
    let wasm = layout.blob(MediaType::Other(WASM.to_owned()), module)?;
    let application = layout.json(MediaType::Other(APPLICATION.to_owned()), &locked)?;
    // No two applications have the same, or container runtimes would take them for one image.
    let configuration = json!({
        "architecture": Arch::Wasm,
        "os": WASI,
        "config": { "Labels": { "com.fermyon.spin.lockedAppDigest": application.digest().to_string() } },
        "rootfs": { "type": "layers", "diff_ids": [] },
    });
    let configuration = layout.json(MediaType::ImageConfig, &configuration)?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(configuration)
        .layers([wasm, application])
        .annotations(labels(TITLE, DESCRIPTION))
        .build()?;
    let image = layout.manifest(&manifest, Some(VERSION), None)?;
    attach_bill(layout, names::SPIN, image, packages)
}

/// Spin's locked application: all references are resolved, and the module is given by its digest.
fn locked(manifest: &Table, module: &str) -> Result<Value> {
    let manifest = serde_json::to_value(manifest).context("reading spin.toml")?;
    let table = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut metadata = table(&manifest["application"]);
    metadata.insert("triggers".to_owned(), json!({}));
    metadata.insert("trigger".to_owned(), json!({ "type": "http" }));
    let triggers = manifest["trigger"]["http"]
        .as_array()
        .context("spin.toml has no HTTP trigger")?;
    let triggers: Vec<_> = triggers
        .iter()
        .map(|trigger| {
            let component = trigger["component"].as_str().context("a trigger has no component")?;
            Ok(json!({
                "id": format!("{component}-http-trigger"),
                "trigger_type": "http",
                "trigger_config": trigger,
            }))
        })
        .collect::<Result<_>>()?;
    let components: Vec<_> = table(&manifest["component"])
        .iter()
        .map(|(id, component)| {
            json!({
                "id": id,
                "metadata": { "allowed_outbound_hosts": component["allowed_outbound_hosts"] },
                "source": { "content_type": "application/wasm", "digest": module },
                "config": component.get("variables").unwrap_or(&Value::Object(Map::new())),
            })
        })
        .collect();
    Ok(json!({
        "spin_lock_version": 0,
        "metadata": metadata,
        "variables": manifest.get("variables").unwrap_or(&Value::Object(Map::new())),
        "triggers": triggers,
        "components": components,
    }))
}
