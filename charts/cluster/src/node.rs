//! A node: containerd, and Kubernetes' kubelet, scheduler and proxy.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    api_server::{ApiServer, SERVICES},
    command::{checked, on_path},
    error::Error,
    files::{create_directory, write},
    names::{self, Names},
    namespaces::{self, NODE_ADDRESS},
    program::Program,
    tool::Tool,
};

/// The node's name.
pub const NAME: &str = "node";

/// The addresses of pods.
const PODS: &str = "10.244.0.0/16";

/// Debian's directory of CNI plugins.
const PLUGINS: &str = "/usr/lib/cni";

/// containerd's socket. `/run` is in the node's namespaces.
const SOCKET: &str = "/run/containerd/containerd.sock";

/// The image of the pause container, which keeps a pod's namespaces.
const PAUSE: &str = "localhost/pause:1";

/// The time limit for the node to be ready.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A node that runs pods, in [namespaces] together with its API server.
#[derive(Debug)]
pub struct Node {
    // The first program ends first.
    programs: Vec<Program>,
    _names: Names,
    directory: PathBuf,
    /// containerd's snapshotter for the roots of containers.
    snapshotter: &'static str,
    server: Arc<ApiServer>,
}

impl Node {
    /// Starts a node, and waits until it is ready for pods.
    ///
    /// # Errors
    ///
    /// If this process is not in a node's namespaces, a program is missing, or a program fails.
    pub fn start(server: &Arc<ApiServer>) -> Result<Self, Error> {
        let control_group = namespaces::control_group().ok_or(Error::NoNamespaces)?;
        let directory = server.directory().join("node");
        create_directory(&directory)?;
        let mut node = Self {
            programs: Vec::new(),
            _names: Names::start(server, &directory)?,
            snapshotter: snapshotter(&directory)?,
            directory,
            server: Arc::clone(server),
        };
        node.start_containerd()?;
        node.import_pause()?;
        node.start_kubelet(&control_group)?;
        node.start_scheduler()?;
        node.start_proxy()?;
        node.wait_until_ready()?;
        Ok(node)
    }

    fn start_containerd(&mut self) -> Result<(), Error> {
        on_path("runc", "runc")?;
        if !Path::new(PLUGINS).join("ptp").is_file() {
            return Err(Error::Missing {
                program: "ptp",
                package: "containernetworking-plugins",
            });
        }
        let networks = self.directory.join("networks");
        create_directory(&networks)?;
        let network = json!({
            "cniVersion": "0.4.0",
            "name": NAME,
            "plugins": [{
                // Each pod has a link to the node, which forwards packets by the rules of Services.
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "dataDir": self.directory.join("addresses"),
                    "ranges": [[{"subnet": PODS}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }],
        });
        write(&networks.join("pods.conflist"), network.to_string())?;
        let configuration = format!(
            r#"version = 2
root = "{root}"
state = "/run/containerd"
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
# In some containers and virtual machines root can't lower a process's OOM score.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{PLUGINS}"
conf_dir = "{networks}"
"#,
            root = self.directory.join("containerd").display(),
            networks = networks.display(),
            snapshotter = self.snapshotter,
        );
        let file = self.directory.join("containerd.toml");
        write(&file, configuration)?;
        let mut command = Command::new(on_path("containerd", "containerd")?);
        command.arg("--config").arg(file);
        self.run("containerd", &command)?;
        self.wait("containerd", |node| {
            node.ctr().arg("version").output().is_ok_and(|it| it.status.success())
        })
    }

    /// Builds and imports the pause image, with the program that Podman uses for the same purpose.
    fn import_pause(&self) -> Result<(), Error> {
        let program = on_path("catatonit", "catatonit")?;
        let directory = self.directory.join("pause");
        create_directory(&directory)?;
        let copy = directory.join("catatonit");
        fs::copy(&program, &copy).map_err(Error::io(format!("copying {}", program.display())))?;
        let tar = |arguments: &[&str]| checked(Command::new("tar").current_dir(&directory).args(arguments));
        tar(&["--create", "--file=layer.tar", "catatonit"])?;
        let sum = checked(Command::new("sha256sum").arg(directory.join("layer.tar")))?;
        let digest = sum.split_whitespace().next().unwrap_or_default();
        let configuration = json!({
            "architecture": architecture(),
            "os": "linux",
            "config": {"Entrypoint": ["/catatonit", "-P"]},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
        });
        write(&directory.join("config.json"), configuration.to_string())?;
        let manifest = json!([{"Config": "config.json", "RepoTags": [PAUSE], "Layers": ["layer.tar"]}]);
        write(&directory.join("manifest.json"), manifest.to_string())?;
        tar(&[
            "--create",
            "--file=image.tar",
            "manifest.json",
            "config.json",
            "layer.tar",
        ])?;
        checked(self.import_command().arg(directory.join("image.tar"))).map(drop)
    }

    fn start_kubelet(&mut self, control_group: &str) -> Result<(), Error> {
        let serving = self.server.serving_certificate(NAME, &[NAME, NODE_ADDRESS])?;
        let configuration = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
            "authentication": {
                "anonymous": {"enabled": false},
                "webhook": {"enabled": true},
                "x509": {"clientCAFile": self.server.authority_certificate()},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": serving.certificate,
            "tlsPrivateKeyFile": serving.key,
            "clusterDNS": [NODE_ADDRESS],
            "clusterDomain": names::DOMAIN,
            // Other names can't be resolved.
            "resolvConf": "",
            "podLogsDir": self.directory.join("pods"),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": format!("/{control_group}"),
            // Tests also run on machines with version 1 of control groups, and with swap.
            "failCgroupV1": false,
            "failSwapOn": false,
            "evictionHard": {"imagefs.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%"},
            "imageGCHighThresholdPercent": 100,
        });
        let file = self.directory.join("kubelet.yaml");
        write(&file, configuration.to_string())?;
        let kubeconfig = self.server.user(&format!("system:node:{NAME}"), &["system:nodes"])?;
        let mut command = Tool::Kubelet.command()?;
        command.arg(format!("--config={}", file.display()));
        command.arg(format!("--kubeconfig={}", kubeconfig.display()));
        command.arg(format!("--root-dir={}", self.directory.join("kubelet").display()));
        command.arg(format!("--hostname-override={NAME}"));
        command.arg(format!("--node-ip={NODE_ADDRESS}"));
        self.run("kubelet", &command)
    }

    fn start_scheduler(&mut self) -> Result<(), Error> {
        let kubeconfig = self.server.user("system:kube-scheduler", &[])?;
        let mut command = Tool::KubeScheduler.command()?;
        command.args(["--leader-elect=false", "--secure-port=0"]);
        command.arg(format!("--kubeconfig={}", kubeconfig.display()));
        self.run("kube-scheduler", &command)
    }

    fn start_proxy(&mut self) -> Result<(), Error> {
        on_path("nft", "nftables")?;
        let configuration = json!({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clusterCIDR": PODS,
            "hostnameOverride": NAME,
            "clientConnection": {"kubeconfig": self.server.user("system:kube-proxy", &[])?},
            // 0 leaves the machine's settings unchanged.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
        });
        let file = self.directory.join("kube-proxy.yaml");
        write(&file, configuration.to_string())?;
        // Without a route the node's own processes could not send to Services: kube-proxy changes only the packets.
        let mut route = Command::new("ip");
        checked(route.args(["route", "add", SERVICES, "dev", "lo", "src", NODE_ADDRESS]))?;
        let mut command = Tool::KubeProxy.command()?;
        command.arg(format!("--config={}", file.display()));
        self.run("kube-proxy", &command)
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        self.wait("kubelet", |node| {
            let mut kubectl = node.server.kubectl();
            kubectl.args(["wait", "--for=condition=Ready", "--timeout=0s", "node", NAME]);
            kubectl.output().is_ok_and(|output| output.status.success())
        })
    }

    fn wait(&mut self, name: &str, is_ready: impl Fn(&Self) -> bool) -> Result<(), Error> {
        let start = Instant::now();
        while !is_ready(self) {
            for program in &mut self.programs {
                program.check()?;
            }
            if start.elapsed() > TIMEOUT {
                let late = self.programs.iter().find(|program| program.name() == name);
                return Err(late
                    .expect("the program was started")
                    .error(format!("was not ready after {} s", TIMEOUT.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn run(&mut self, name: &'static str, command: &Command) -> Result<(), Error> {
        let program = Program::start(name, command, self.server.directory())?;
        self.programs.insert(0, program);
        Ok(())
    }

    /// A command of containerd's client, in the kubelet's namespace.
    fn ctr(&self) -> Command {
        let mut command = Command::new("ctr");
        command.args(["--address", SOCKET, "--namespace", "k8s.io"]);
        command
    }

    fn import_command(&self) -> Command {
        let mut command = self.ctr();
        command.args(["images", "import", "--snapshotter", self.snapshotter]);
        command
    }

    /// Imports the images of an OCI layout, under the name `repository` and the layout's tags.
    ///
    /// # Errors
    ///
    /// If containerd can't import them.
    pub fn import(&self, layout: &Path, repository: &str) -> Result<(), Error> {
        let archive = self.directory.join("images.tar");
        checked(
            Command::new("tar")
                .arg("--create")
                .arg("--file")
                .arg(&archive)
                .arg("--directory")
                .arg(layout)
                .arg("."),
        )?;
        checked(self.import_command().args(["--base-name", repository]).arg(&archive))?;
        fs::remove_file(&archive).map_err(Error::io(format!("removing {}", archive.display())))
    }
}

/// The snapshotter: `overlayfs`, or `native`, which copies layers, if the file system does not support overlays: for
/// example the file system of a container, which is an overlay itself.
fn snapshotter(directory: &Path) -> Result<&'static str, Error> {
    let attempt = directory.join("overlay");
    let parts = ["lower", "upper", "work", "merged"].map(|part| attempt.join(part));
    for part in &parts {
        create_directory(part)?;
    }
    let [lower, upper, work, merged] = parts.each_ref().map(|part| part.display());
    let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
    let merged = merged.to_string();
    if namespaces::mount(&["-t", "overlay", "-o", &options, "overlay", &merged]).is_err() {
        return Ok("native");
    }
    checked(Command::new("umount").arg(merged))?;
    Ok("overlayfs")
}

/// This machine's architecture, with OCI's name.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
