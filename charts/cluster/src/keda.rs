//! KEDA's operator.

use std::{fs, sync::Arc};

use crate::{api_server::ApiServer, error::Error, files::create_directory, program::Program, tool::Tool};

/// The namespace of KEDA's own objects.
const NAMESPACE: &str = "keda";

/// KEDA's operator, as a process beside an API server instead of a Deployment in it. It works on all namespaces, with the
/// rights of an administrator.
///
/// The operator itself scales from zero and to zero. Without KEDA's metrics API server nothing scales between one replica
/// and several, and without its webhooks nothing checks a ScaledObject before.
///
/// The API server needs its [custom resources](ApiServer::define_custom_resources).
#[derive(Debug)]
pub struct Keda {
    // The program ends before the API server.
    program: Program,
    _server: Arc<ApiServer>,
}

impl Keda {
    /// Starts the operator. If it is missing, it is built first.
    ///
    /// # Errors
    ///
    /// If the operator can't be built or started.
    pub fn start(server: &Arc<ApiServer>) -> Result<Self, Error> {
        let tool = Tool::KedaOperator;
        let kubeconfig = server.user(tool.name(), &["system:masters"])?;
        // For the metrics API server, which would be the only client.
        let certificates = server.directory().join(NAMESPACE);
        create_directory(&certificates)?;
        let serving = server.serving_certificate(NAMESPACE, &["127.0.0.1"])?;
        for (from, name) in [
            (server.authority_certificate(), "ca.crt"),
            (&serving.certificate, "tls.crt"),
            (&serving.key, "tls.key"),
        ] {
            let copied = fs::copy(from, certificates.join(name));
            copied.map_err(Error::io(format!("copying {}", from.display())))?;
        }
        let mut command = tool.command()?;
        command.current_dir(server.directory());
        command.env("KUBECONFIG", kubeconfig);
        command.env("HOME", server.directory());
        command.env("KEDA_CLUSTER_OBJECT_NAMESPACE", NAMESPACE);
        // All namespaces.
        command.env("WATCH_NAMESPACE", "");
        command.arg(format!("--cert-dir={}", certificates.display()));
        command.arg("--metrics-service-bind-address=127.0.0.1:0");
        // Nobody asks for its metrics and its health.
        command.args(["--enable-prometheus-metrics=false", "--health-probe-bind-address=0"]);
        Ok(Self {
            program: Program::start(tool.name(), &command, server.directory())?,
            _server: Arc::clone(server),
        })
    }

    /// Checks that the operator is running.
    ///
    /// # Errors
    ///
    /// If it has ended; the error has the end of its log.
    pub fn check(&mut self) -> Result<(), Error> {
        self.program.check()
    }
}
