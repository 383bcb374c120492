//! The tools and their builds.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use system::{cache, command_line};
use xxhash_rust::xxh3::xxh3_64;

use crate::{cached, error::Error, files::write, go};

/// A Go module of this repository, which pins programs and their versions.
#[derive(Clone, Copy, Debug)]
struct Module {
    manifest: &'static str,
    /// The checksums of all modules that the programs are built from.
    checksums: &'static str,
}

/// Kubernetes' programs.
const KUBERNETES: Module = Module {
    manifest: include_str!("../kubernetes/go.mod"),
    checksums: include_str!("../kubernetes/go.sum"),
};

/// Flux' controllers.
const FLUX: Module = Module {
    manifest: include_str!("../flux/go.mod"),
    checksums: include_str!("../flux/go.sum"),
};

/// KEDA's operator.
const KEDA: Module = Module {
    manifest: include_str!("../keda/go.mod"),
    checksums: include_str!("../keda/go.sum"),
};

/// helm-unittest.
const HELM_UNITTEST: Module = Module {
    manifest: include_str!("../helm-unittest/go.mod"),
    checksums: include_str!("../helm-unittest/go.sum"),
};

/// Linker flags that remove debug symbols, which makes programs a third smaller.
const STRIPPED: &str = "-s -w";

/// The number of packages that Go compiles at the same time. Each can need a gigabyte of memory.
const COMPILERS: &str = "-p=2";

/// A program that is built from Go modules at a pinned version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Helm, for the chart.
    Helm,
    /// Runs the unit tests of the chart.
    HelmUnittest,
    /// Generates the chart's README from its values.
    HelmDocs,
    /// Kubernetes' API server.
    KubeApiserver,
    /// Creates the pods of Deployments and Jobs, and cleans up.
    KubeControllerManager,
    /// The client.
    Kubectl,
    /// Assigns pods to nodes.
    KubeScheduler,
    /// Runs pods on a node.
    Kubelet,
    /// Forwards the addresses of Services to pods.
    KubeProxy,
    /// Copies artifacts to a registry.
    Oras,
    /// Signs the artifacts in a registry.
    Cosign,
    /// Finds mistakes in GitHub's workflows.
    Actionlint,
    /// Fetches what Flux installs: Git repositories, and charts from registries.
    SourceController,
    /// Applies directories of a Git repository.
    KustomizeController,
    /// Installs, upgrades and rolls back charts.
    HelmController,
    /// Scales workloads by events.
    KedaOperator,
}

/// One build command. Programs with common packages are built by one command.
#[derive(Clone, Copy, Debug)]
enum Build {
    /// `go install` of one package of one module.
    Install {
        module: &'static str,
        package: &'static str,
        version: &'static str,
    },
    /// `go build` of some programs of a module of this repository.
    Own {
        name: &'static str,
        module: Module,
        /// The directory of the tools' packages, each with the name of the tool's program.
        packages: &'static str,
        tools: &'static [Tool],
        linker_flags: fn() -> String,
    },
}

/// The programs of a cluster without a node.
const CONTROL_PLANE: Build = kubernetes(
    "kubernetes",
    &[Tool::KubeApiserver, Tool::KubeControllerManager, Tool::Kubectl],
);

/// The programs of a node.
const NODE: Build = kubernetes(
    "kubernetes-node",
    &[Tool::KubeScheduler, Tool::Kubelet, Tool::KubeProxy],
);

const fn kubernetes(name: &'static str, tools: &'static [Tool]) -> Build {
    Build::Own {
        name,
        module: KUBERNETES,
        packages: "k8s.io/kubernetes/cmd",
        tools,
        linker_flags: || format!("{STRIPPED} {}", kubernetes_version_flags()),
    }
}

impl Tool {
    /// All tools of the tests that `cargo xtask test` runs.
    pub const ALL: [Self; 12] = [
        Self::Helm,
        Self::HelmUnittest,
        Self::HelmDocs,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::Kubectl,
        Self::KubeScheduler,
        Self::Kubelet,
        Self::KubeProxy,
        Self::Oras,
        Self::Cosign,
        Self::Actionlint,
    ];

    /// Flux' controllers. Their build takes long, so that only the tests of `cargo xtask test --everything` use them.
    pub const FLUX: [Self; 3] = [Self::SourceController, Self::KustomizeController, Self::HelmController];

    /// KEDA's operator. Its build takes as long as those of Flux' controllers.
    pub const KEDA: [Self; 1] = [Self::KedaOperator];

    /// Those of [`Tool::ALL`], [`Tool::FLUX`] and [`Tool::KEDA`].
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(Self::FLUX).chain(Self::KEDA)
    }

    /// The name of the tool and its program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Helm => "helm",
            Self::HelmUnittest => "helm-unittest",
            Self::HelmDocs => "helm-docs",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
            Self::Oras => "oras",
            Self::Cosign => "cosign",
            Self::Actionlint => "actionlint",
            Self::SourceController => "source-controller",
            Self::KustomizeController => "kustomize-controller",
            Self::HelmController => "helm-controller",
            Self::KedaOperator => "keda-operator",
        }
    }

    /// The name of its program, which Go takes from the package.
    fn program(self) -> &'static str {
        match self {
            Self::KedaOperator => "operator",
            _ => self.name(),
        }
    }

    fn build_of(self) -> Build {
        match self {
            Self::Helm => Build::Install {
                module: "helm.sh/helm/v4",
                package: "cmd/helm",
                version: "v4.3.1",
            },
            Self::HelmUnittest => Build::Own {
                name: "helm-unittest",
                module: HELM_UNITTEST,
                packages: "github.com/helm-unittest/helm-unittest/cmd",
                tools: &[Self::HelmUnittest],
                linker_flags: || STRIPPED.to_owned(),
            },
            Self::HelmDocs => Build::Install {
                module: "github.com/norwoodj/helm-docs",
                package: "cmd/helm-docs",
                version: "v1.14.2",
            },
            Self::Oras => Build::Install {
                module: "oras.land/oras",
                package: "cmd/oras",
                version: "v1.3.6",
            },
            Self::Cosign => Build::Install {
                module: "github.com/sigstore/cosign/v3",
                package: "cmd/cosign",
                version: "v3.1.3",
            },
            Self::Actionlint => Build::Install {
                module: "github.com/rhysd/actionlint",
                package: "cmd/actionlint",
                version: "v1.7.12",
            },
            Self::KubeApiserver | Self::KubeControllerManager | Self::Kubectl => CONTROL_PLANE,
            Self::KubeScheduler | Self::Kubelet | Self::KubeProxy => NODE,
            Self::SourceController | Self::KustomizeController | Self::HelmController => Build::Own {
                name: "flux",
                module: FLUX,
                packages: "github.com/fluxcd",
                tools: &Self::FLUX,
                linker_flags: || STRIPPED.to_owned(),
            },
            Self::KedaOperator => Build::Own {
                name: "keda",
                module: KEDA,
                packages: "github.com/kedacore/keda/v2/cmd",
                tools: &Self::KEDA,
                linker_flags: || STRIPPED.to_owned(),
            },
        }
    }

    /// The path of the program. If it is missing at its version, it is built first, with the command and Go's output on
    /// stderr.
    ///
    /// # Errors
    ///
    /// [`Error`]; its message has the next step.
    pub fn path(self) -> Result<PathBuf, Error> {
        let directory = self.build_of().make(&cache::directory("cluster")?)?;
        Ok(directory.join(self.program()))
    }

    /// A command of the tool.
    ///
    /// # Errors
    ///
    /// As [`Tool::path`].
    pub fn command(self) -> Result<Command, Error> {
        self.path().map(Command::new)
    }

    /// Kubernetes' version, such as `v1.37.2`.
    pub fn kubernetes_version() -> &'static str {
        KUBERNETES
            .manifest
            .lines()
            .find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "))
            .and_then(|rest| rest.split_whitespace().next())
            .expect("the module requires Kubernetes")
    }
}

impl Build {
    fn name(self) -> &'static str {
        match self {
            Self::Install { package, .. } => package.rsplit('/').next().unwrap_or(package),
            Self::Own { name, .. } => name,
        }
    }

    /// The directory with the programs.
    fn make(self, cache: &Path) -> Result<PathBuf, Error> {
        let arguments = self.arguments();
        let sources = match self {
            Self::Install { .. } => 0,
            Self::Own { module, .. } => xxh3_64([module.manifest, module.checksums].concat().as_bytes()),
        };
        let made_from = format!("go {}\n{sources:016x} {}\n", arguments.join(" "), env::consts::ARCH);
        cached::directory(cache, self.name(), &made_from, |directory| {
            let mut command = go::go(self.name(), directory)?;
            command.args(&arguments);
            match self {
                Self::Install { .. } => {
                    command.env("GOBIN", directory);
                }
                Self::Own { module, .. } => {
                    write(&directory.join("go.mod"), module.manifest)?;
                    write(&directory.join("go.sum"), module.checksums)?;
                }
            }
            command_line::note(format_args!(
                "building {} in {} (once; minutes)",
                self.name(),
                cache.display()
            ));
            go::run(self.name(), &mut command).map(drop)
        })
    }

    fn arguments(self) -> Vec<String> {
        let common = |subcommand: &str| vec![subcommand.to_owned(), COMPILERS.into(), "-trimpath".into()];
        match self {
            Self::Install {
                module,
                package,
                version,
            } => {
                let mut arguments = common("install");
                arguments.push(format!("-ldflags={STRIPPED}"));
                arguments.push(format!("{module}/{package}@{version}"));
                arguments
            }
            Self::Own {
                packages,
                tools,
                linker_flags,
                ..
            } => {
                let mut arguments = common("build");
                arguments.push(format!("-ldflags={}", linker_flags()));
                arguments.push("-o=.".into());
                arguments.extend(tools.iter().map(|tool| format!("{packages}/{}", tool.program())));
                arguments
            }
        }
    }
}

/// Linker flags with the version, as in Kubernetes' own build. Without them clients would see version 0.
fn kubernetes_version_flags() -> String {
    let version = Tool::kubernetes_version();
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || numbers.next().unwrap_or_default();
    [("gitVersion", version), ("gitMajor", number()), ("gitMinor", number())]
        .map(|(name, value)| format!("-X k8s.io/component-base/version.{name}={value}"))
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custom_resources::SOURCES;

    #[test]
    fn controllers_have_the_versions_of_their_definitions() {
        let controllers = Tool::FLUX.map(|tool| (FLUX, format!("github.com/fluxcd/{}", tool.name())));
        let operator = (KEDA, "github.com/kedacore/keda/v2".to_owned());
        for (requires, module) in controllers.into_iter().chain([operator]) {
            let source = SOURCES.iter().find(|source| source.module == module).unwrap();
            let required = format!("{module} {} ", source.version);
            assert!(requires.manifest.contains(&required), "go.mod has no {required}");
            assert!(requires.checksums.contains(&required), "go.sum has no {required}");
        }
    }

    #[test]
    fn the_version_is_the_modules_and_is_in_the_linker_flags() {
        let version = Tool::kubernetes_version();
        assert!(KUBERNETES.checksums.contains(&format!("k8s.io/kubernetes {version} ")));
        let flags = kubernetes_version_flags();
        assert!(flags.contains(&format!(".gitVersion={version} ")), "{flags}");
        assert!(flags.contains(".gitMajor=1 "), "{flags}");
    }
}
