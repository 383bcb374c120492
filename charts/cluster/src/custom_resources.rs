//! The definitions of the custom resources that the chart and the GitOps tree use.
//!
//! Each definition is a file in its project's Go module, at a pinned version.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use system::{cache, command_line};

use crate::{cached, error::Error, files, go};

/// A Go module with definitions.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The module's path.
    pub module: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The directory of the definitions in the module.
    directory: &'static str,
    /// The names of the files without `.yaml`.
    definitions: &'static [&'static str],
}

/// All sources. Flux 2.9.5 consists of these versions of its controllers.
pub const SOURCES: [Source; 10] = [
    Source {
        module: "github.com/cert-manager/cert-manager",
        version: "v1.21.2",
        directory: "deploy/crds",
        definitions: &[
            "cert-manager.io_certificates",
            "cert-manager.io_clusterissuers",
            "cert-manager.io_issuers",
        ],
    },
    Source {
        module: "github.com/controlplaneio-fluxcd/flux-operator",
        version: "v0.59.0",
        directory: "config/crd/bases",
        definitions: &["fluxcd.controlplane.io_fluxinstances"],
    },
    Source {
        module: "github.com/fluxcd/helm-controller",
        version: "v1.6.4",
        directory: "config/crd/bases",
        definitions: &["helm.toolkit.fluxcd.io_helmreleases"],
    },
    Source {
        module: "github.com/fluxcd/kustomize-controller",
        version: "v1.9.5",
        directory: "config/crd/bases",
        definitions: &["kustomize.toolkit.fluxcd.io_kustomizations"],
    },
    Source {
        module: "github.com/fluxcd/source-controller",
        version: "v1.9.5",
        directory: "config/crd/bases",
        definitions: &[
            // The controllers wait for all kinds of sources, used or not.
            "source.toolkit.fluxcd.io_buckets",
            "source.toolkit.fluxcd.io_externalartifacts",
            "source.toolkit.fluxcd.io_gitrepositories",
            "source.toolkit.fluxcd.io_helmcharts",
            "source.toolkit.fluxcd.io_helmrepositories",
            "source.toolkit.fluxcd.io_ocirepositories",
        ],
    },
    Source {
        module: "github.com/kedacore/keda/v2",
        version: "v2.21.0",
        directory: "config/crd/bases",
        definitions: &[
            // The operator waits for all of its kinds, used or not.
            "eventing.keda.sh_cloudeventsources",
            "eventing.keda.sh_clustercloudeventsources",
            "keda.sh_clustertriggerauthentications",
            "keda.sh_scaledjobs",
            "keda.sh_scaledobjects",
            "keda.sh_triggerauthentications",
        ],
    },
    Source {
        module: "github.com/prometheus-operator/prometheus-operator",
        version: "v0.85.0",
        directory: "example/prometheus-operator-crd",
        definitions: &[
            "monitoring.coreos.com_prometheusrules",
            "monitoring.coreos.com_servicemonitors",
        ],
    },
    Source {
        module: "github.com/spinkube/runtime-class-manager",
        version: "v0.2.0",
        directory: "config/crd/bases",
        definitions: &["runtime.spinkube.dev_shims"],
    },
    Source {
        module: "github.com/spinkube/spin-operator",
        version: "v0.6.1",
        directory: "config/crd/bases",
        definitions: &["core.spinkube.dev_spinappexecutors", "core.spinkube.dev_spinapps"],
    },
    Source {
        module: "sigs.k8s.io/gateway-api",
        version: "v1.6.3",
        directory: "config/crd/standard",
        definitions: &[
            "gateway.networking.k8s.io_gateways",
            "gateway.networking.k8s.io_httproutes",
        ],
    },
];

/// Go's description of a downloaded module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    path: String,
    dir: PathBuf,
}

/// The directory of the definitions, each in its own file. They are downloaded first if they are missing.
///
/// # Errors
///
/// [`Error`]; its message has the next step.
pub fn directory() -> Result<PathBuf, Error> {
    cached::directory(
        &cache::directory("cluster")?,
        "custom-resources",
        &format!("{SOURCES:?}\n"),
        download,
    )
}

fn download(directory: &Path) -> Result<(), Error> {
    let what = "custom resources' definitions";
    let mut command = go::go(what, directory)?;
    command.args(["mod", "download", "-json"]);
    command.args(SOURCES.map(|source| format!("{}@{}", source.module, source.version)));
    let answer = go::run(what, &mut command)?;
    let modules = serde_json::Deserializer::from_slice(&answer)
        .into_iter()
        .collect::<Result<Vec<Module>, _>>()
        .map_err(|source| Error::GoAnswer {
            command: command_line::typed(&command),
            source,
        })?;
    for source in SOURCES {
        let module = modules
            .iter()
            .find(|module| module.path == source.module)
            .expect("go lists every module, or fails");
        for definition in source.definitions {
            let file = format!("{definition}.yaml");
            let from = module.dir.join(source.directory).join(&file);
            // Not copied, because a copy of the read-only file would be read-only, too.
            let text = fs::read(&from).map_err(Error::io(format!("reading {}", from.display())))?;
            files::write(&directory.join(file), text)?;
        }
    }
    Ok(())
}
