//! Kubernetes' API server with etcd and the controllers.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use system::command_line;
use system::ports::free_port;
use tempfile::TempDir;

use crate::{
    certificates::{Authority, Files, signing_key},
    command::{checked, on_path},
    custom_resources,
    error::Error,
    files::{create_directory, write},
    program::Program,
    tool::Tool,
};

/// The addresses of Services. They can only be reached on a node.
pub(crate) const SERVICES: &str = "10.96.0.0/16";
/// The address of the API server's Service: the first of [`SERVICES`].
const API_SERVICE: &str = "10.96.0.1";

/// The time limit of a start. On an idle machine it takes seconds.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The interval of the checks whether a program is ready.
const INTERVAL: Duration = Duration::from_millis(100);

/// A Kubernetes control plane: etcd, the API server with its default admission, and the controllers, on the loopback
/// address. There is no node, so that pods are created and stay pending.
///
/// All files are in a temporary directory, which is removed when this is dropped. After a panic the directory stays,
/// with the programs' logs. The programs end with the process that started them, also if it is killed.
#[derive(Debug)]
pub struct ApiServer {
    // The fields are dropped in this order: programs before their files.
    programs: Mutex<Vec<Program>>,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    address: String,
    authority: Authority,
    directory: TempDir,
}

impl ApiServer {
    /// Starts a control plane, and waits until it is ready. Missing programs are built first.
    ///
    /// # Errors
    ///
    /// [`Error`]; its message has the next step.
    pub fn start() -> Result<Self, Error> {
        let etcd = on_path("etcd", "etcd-server")?;
        let kube_apiserver = Tool::KubeApiserver.path()?;
        let kube_controller_manager = Tool::KubeControllerManager.path()?;
        let kubectl = Tool::Kubectl.path()?;

        let directory = tempfile::Builder::new()
            .prefix("cluster-")
            .tempdir()
            .map_err(Error::io("creating a temporary directory"))?;
        let certificates = directory.path().join("certificates");
        create_directory(&certificates)?;
        let authority = Authority::new(&certificates)?;
        let port = free_port().map_err(Error::io("looking for a free port"))?;
        let mut server = Self {
            programs: Mutex::default(),
            kubectl,
            kubeconfig: PathBuf::new(),
            address: format!("https://127.0.0.1:{port}"),
            authority,
            directory,
        };
        server.kubeconfig = server.user("admin", &["system:masters"])?;
        server
            .start_programs(&etcd, &kube_apiserver, &kube_controller_manager, port)
            .inspect_err(|_| server.directory.disable_cleanup(true))?;
        Ok(server)
    }

    fn start_programs(
        &self,
        etcd: &Path,
        kube_apiserver: &Path,
        kube_controller_manager: &Path,
        port: u16,
    ) -> Result<(), Error> {
        let directory = self.directory();
        let certificates = directory.join("certificates");
        let serving = self.authority.server(
            "kube-apiserver",
            &[
                "127.0.0.1",
                "localhost",
                API_SERVICE,
                "kubernetes",
                "kubernetes.default.svc",
            ],
        )?;
        let kubelet_client = self
            .authority
            .user("kube-apiserver-kubelet-client", &["system:masters"])?;
        let service_accounts = signing_key(&certificates, "service-accounts")?;
        let authority = self.authority.files();

        // Through Unix sockets in the directory: no port is needed, and other users have no access.
        let mut command = Command::new(etcd);
        command.current_dir(directory).args([
            "--name=cluster",
            "--data-dir=etcd",
            "--listen-client-urls=unix://etcd:1",
            "--advertise-client-urls=unix://etcd:1",
            "--listen-peer-urls=unix://etcd:2",
            "--initial-advertise-peer-urls=unix://etcd:2",
            "--initial-cluster=cluster=unix://etcd:2",
            // The data need not survive a loss of power.
            "--unsafe-no-fsync",
            "--logger=zap",
            "--log-level=warn",
        ]);
        self.run("etcd", &command)?;

        let mut command = Command::new(kube_apiserver);
        command.current_dir(directory).args([
            "--etcd-servers=unix://etcd:1",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            // Otherwise pods would get the loopback address, which in a pod is the pod's own.
            "--endpoint-reconciler-type=none",
            // The node's name can't be resolved.
            "--kubelet-preferred-address-types=InternalIP",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            "--service-account-issuer=https://kubernetes.default.svc",
        ]);
        command.arg(format!("--secure-port={port}"));
        command.arg(format!("--service-cluster-ip-range={SERVICES}"));
        for (option, file) in [
            ("tls-cert-file", &serving.certificate),
            ("tls-private-key-file", &serving.key),
            ("client-ca-file", &authority.certificate),
            ("kubelet-certificate-authority", &authority.certificate),
            ("kubelet-client-certificate", &kubelet_client.certificate),
            ("kubelet-client-key", &kubelet_client.key),
            ("service-account-key-file", &service_accounts.public),
            ("service-account-signing-key-file", &service_accounts.private),
        ] {
            command.arg(format!("--{option}={}", file.display()));
        }
        self.run("kube-apiserver", &command)?;
        // On a busy machine the start takes long, and the controllers would give up.
        self.wait_for("kube-apiserver", &["get", "--raw=/readyz"])?;

        let kubeconfig = self.user("system:kube-controller-manager", &[])?;
        let mut command = Command::new(kube_controller_manager);
        command.current_dir(directory).args([
            "--leader-elect=false",
            "--use-service-account-credentials",
            // It would only serve its own health.
            "--secure-port=0",
        ]);
        for (option, file) in [
            ("kubeconfig", &kubeconfig),
            ("root-ca-file", &authority.certificate),
            ("cluster-signing-cert-file", &authority.certificate),
            ("cluster-signing-key-file", &authority.key),
            ("service-account-private-key-file", &service_accounts.private),
        ] {
            command.arg(format!("--{option}={}", file.display()));
        }
        self.run("kube-controller-manager", &command)?;
        // The controllers create each namespace's service account, which pods require.
        self.wait_for(
            "kube-controller-manager",
            &["get", "serviceaccount", "--namespace=default", "default"],
        )
    }

    fn run(&self, name: &'static str, command: &Command) -> Result<(), Error> {
        let program = Program::start(name, command, self.directory())?;
        // The program that was started last ends first.
        self.programs
            .lock()
            .expect("no code panics while it starts programs")
            .insert(0, program);
        Ok(())
    }

    fn wait_for(&self, program: &str, question: &[&str]) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            let Err(error) = checked(self.kubectl().args(question)) else {
                return Ok(());
            };
            let mut programs = self.programs.lock().expect("no code panics while it checks programs");
            for program in programs.iter_mut() {
                program.check()?;
            }
            if start.elapsed() > TIMEOUT {
                let late = programs.iter().find(|other| other.name() == program);
                return Err(late.map_or(error, |program| {
                    program.error(format!("was not ready after {} s", TIMEOUT.as_secs()))
                }));
            }
            drop(programs);
            thread::sleep(INTERVAL);
        }
    }

    /// The directory of its files and of its programs' logs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The path of the kubeconfig of the administrator.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The path of a new kubeconfig for a user with a name and groups.
    ///
    /// # Errors
    ///
    /// If a file can't be written.
    pub fn user(&self, user: &str, groups: &[&str]) -> Result<PathBuf, Error> {
        let files = self.authority.user(user, groups)?;
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": {
                "server": self.address,
                "certificate-authority": self.authority.files().certificate,
            }}],
            "users": [{"name": user, "user": {
                "client-certificate": files.certificate,
                "client-key": files.key,
            }}],
            "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": user}}],
            "current-context": "cluster",
        });
        let path = self.directory().join(format!("{}.kubeconfig", user.replace(':', "-")));
        write(&path, config.to_string())?;
        Ok(path)
    }

    /// The certificate of the cluster's certificate authority.
    pub(crate) fn authority_certificate(&self) -> &Path {
        &self.authority.files().certificate
    }

    /// A new certificate for a server, which the API server trusts.
    pub(crate) fn serving_certificate(&self, server: &str, names: &[&str]) -> Result<Files, Error> {
        self.authority.server(server, names)
    }

    /// A kubectl command.
    pub fn kubectl(&self) -> Command {
        self.client(&self.kubectl)
    }

    /// A Helm command.
    ///
    /// # Errors
    ///
    /// If Helm has to be built and the build fails.
    pub fn helm(&self) -> Result<Command, Error> {
        Ok(self.client(&Tool::Helm.path()?))
    }

    fn client(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            // Clients cache data of a server in the user's home directory.
            .env("HOME", self.directory());
        command
    }

    /// Defines the [custom resources](custom_resources), and waits until the API server serves them.
    ///
    /// # Errors
    ///
    /// If they can't be downloaded, or the server refuses one.
    pub fn define_custom_resources(&self) -> Result<(), Error> {
        let directory = custom_resources::directory()?;
        let mut apply = self.kubectl();
        // Server-side, because some are too large for the annotation of a client-side apply.
        apply.args(["apply", "--server-side", "--filename"]).arg(directory);
        checked(&mut apply)?;
        let mut wait = self.kubectl();
        wait.args(["wait", "--for=condition=Established", "--timeout=60s", "--all"]);
        wait.arg("customresourcedefinitions");
        checked(&mut wait).map(drop)
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        if thread::panicking() {
            self.directory.disable_cleanup(true);
            command_line::note(format_args!("the cluster's logs are in {}", self.directory().display()));
        }
    }
}
