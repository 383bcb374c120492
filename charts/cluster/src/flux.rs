//! Flux' controllers.

use std::{process::Command, sync::Arc};

use system::ports::free_port;

use crate::{api_server::ApiServer, error::Error, files::create_directory, program::Program, tool::Tool};

/// Flux' own source-controller, kustomize-controller and helm-controller, as processes beside an API server instead of
/// Deployments in it. They work on all namespaces, with the rights of an administrator, as in Flux' own manifests.
///
/// The API server needs their [custom resources](ApiServer::define_custom_resources).
#[derive(Debug)]
pub struct Flux {
    // The programs end before the API server.
    programs: Vec<Program>,
    _server: Arc<ApiServer>,
}

impl Flux {
    /// The namespace of Flux' own objects.
    pub const NAMESPACE: &str = "flux-system";

    /// Starts the controllers, each with further arguments. Missing ones are built first.
    ///
    /// # Errors
    ///
    /// If a controller can't be built or started.
    pub fn start(server: &Arc<ApiServer>, arguments: impl Fn(Tool) -> Vec<String>) -> Result<Self, Error> {
        let artifacts = server.directory().join("artifacts");
        create_directory(&artifacts)?;
        let port = free_port().map_err(Error::io("looking for a free port"))?;
        let address = format!("127.0.0.1:{port}");
        let programs = Tool::FLUX.map(|tool| {
            let mut command = controller(tool, server)?;
            if tool == Tool::SourceController {
                command.arg(format!("--storage-path={}", artifacts.display()));
                command.args(["--storage-addr", &address, "--storage-adv-addr", &address]);
            } else {
                // The interval at which a waiting object looks whether the one before it is ready.
                command.arg("--requeue-dependency=1s");
            }
            Program::start(tool.name(), command.args(arguments(tool)), server.directory())
        });
        Ok(Self {
            programs: programs.into_iter().collect::<Result<_, _>>()?,
            _server: Arc::clone(server),
        })
    }

    /// Checks that all controllers are running.
    ///
    /// # Errors
    ///
    /// If one has ended; the error has the end of its log.
    pub fn check(&mut self) -> Result<(), Error> {
        self.programs.iter_mut().try_for_each(Program::check)
    }
}

/// The command of a controller, with the options of all of them.
fn controller(tool: Tool, server: &ApiServer) -> Result<Command, Error> {
    let kubeconfig = server.user(tool.name(), &["system:masters"])?;
    let mut command = tool.command()?;
    command.current_dir(server.directory());
    command.env("KUBECONFIG", kubeconfig);
    command.env("HOME", server.directory());
    command.env("RUNTIME_NAMESPACE", Flux::NAMESPACE);
    // Each is the only one of its kind, and nobody asks for its metrics and its health.
    command.args(["--enable-leader-election=false", "--metrics-addr=0", "--health-addr=0"]);
    Ok(command)
}
