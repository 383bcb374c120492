//! The image of the embedded host with the component: a static program, the module, and the module's compiled code for
//! any processor, so that a container neither compiles nor writes files.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use spin_host::Application;
use spin_host::manifest::Manifest;
use system::architecture::Architecture;
use wasm::compiled_code::Store;
use wasm::guests::SPIN_COMPONENT;

use crate::{
    crates,
    image::Image,
    layer::Layer,
    layout::Layout,
    names::{self, VERSION},
    program,
    spin::{self, MODULE},
};

/// The directory of compiled code, beside the program.
const COMPILED_CODE: &str = "compiled-code";

/// The port of the component.
const PORT: u16 = 3000;

pub(crate) fn build(layout: &mut Layout, architecture: Architecture) -> Result<()> {
    let program = program::build(architecture)?;
    let module = SPIN_COMPONENT.read()?;
    let manifest = toml::to_string(&spin::manifest()?).context("writing spin.toml")?;

    let mut layer = Layer::with_user("component");
    layer.program(program::PACKAGE, program);
    let directory = tempfile::tempdir().context("creating a temporary directory")?;
    let application = directory.path().join("spin.toml");
    fs::write(&application, &manifest).context("writing spin.toml")?;
    fs::write(directory.path().join(MODULE), &module).context("writing the module")?;
    let code = directory.path().join(COMPILED_CODE);
    compile_ahead(architecture, &application, &code)?;
    layer.copy_all(COMPILED_CODE, &code)?;
    layer.file("spin.toml", manifest);
    layer.file(MODULE, module);

    let mut packages = crates::linked(program::PACKAGE, &architecture.target(), false)?;
    packages.extend(spin::packages()?);
    Image {
        name: names::COMPONENT,
        tag: VERSION.to_owned(),
        title: "The stats tracker's component in its embedded host",
        description: "Counts how often an organisation's container images were pulled from ghcr.io; on any cluster",
        layer,
        entrypoint: vec![format!("/{}", program::PACKAGE)],
        command: ["serve", "--bind", "0.0.0.0", "--port", &PORT.to_string()]
            .map(str::to_owned)
            .into(),
        environment: [("PATH", "/".to_owned())].into(),
        directory: "/",
        port: PORT,
        packages,
    }
    .write(layout, architecture)
}

fn compile_ahead(architecture: Architecture, application: &Path, code: &Path) -> Result<()> {
    if Architecture::here() != Some(architecture) {
        return program::compile_ahead(architecture, application, code);
    }
    let options = spin_host::Options {
        store: Store::at(code),
        ..spin_host::Options::default()
    };
    let manifest = Manifest::read(application)?;
    Ok(Application::compile_ahead(
        &manifest,
        architecture.processor(),
        &options,
    )?)
}
