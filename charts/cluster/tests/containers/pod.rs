//! Runs a container of the chart as a kubelet does: with the image's files, read-only, the chart's user, arguments,
//! environment and volumes, and without other rights.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::{fd::AsRawFd, unix::process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use images::Image;
use rustix::{
    fd::OwnedFd,
    io::FdFlags,
    pipe::{PipeFlags, pipe_with},
    process::{Pid, Signal, kill_process},
};
use serde_json::Value;
use system::processes::memory;
use tempfile::TempDir;

use crate::{
    built::{inspect, tag, unpacked},
    network::{NAME_SERVER, SEARCHED, Service, Side, connect},
};

/// A running container.
pub(crate) struct Container {
    runner: Child,
    process: i32,
    pub(crate) side: Side,
    output: TempDir,
    _root: TempDir,
}

/// Returns the value of a Secret, by the Secret's name and key.
pub(crate) type Secrets<'a> = &'a dyn Fn(&str, &str) -> String;

/// Copies an image's files for the pod's user. Bubblewrap's user namespace has only this user, so that files of root
/// would seem to belong to another user, whose compiled code is not run. In a real pod they belong to root.
fn copy_for(root: &Path, user: &str) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
    run(Command::new("cp").arg("--archive").arg(root.join(".")).arg(copy.path()));
    run(Command::new("chown").args(["--recursive", user]).arg(copy.path()));
    copy
}

impl Container {
    /// Starts `container` of `pod`, both from the chart, with access to `services`.
    ///
    /// The calling thread must live as long as the container.
    pub(crate) fn start(pod: &Value, container: &Value, secrets: Secrets<'_>, services: Vec<Service>) -> Self {
        let image = image(container);
        let config = inspect(image, &tag(image), "--config")["config"].take();
        let output = tempfile::tempdir().unwrap();
        let files = output.path();
        // Other users must be able to read them.
        fs::set_permissions(files, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        fs::write(files.join("hosts"), "127.0.0.1 localhost\n").unwrap();
        let resolver =
            format!("search {SEARCHED} svc.cluster.local cluster.local\nnameserver {NAME_SERVER}\noptions ndots:5\n");
        fs::write(files.join("resolv.conf"), resolver).unwrap();

        let mut command = Command::new("bwrap");
        command.args([
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--as-pid-1",
            "--cap-drop",
            "ALL",
        ]);
        let read_only = container["securityContext"]["readOnlyRootFilesystem"] == true;
        assert!(read_only, "the chart lets the root be written to: {container}");
        let user = &pod["securityContext"];
        let id = |name: &str| u32::try_from(user[name].as_u64().expect("the chart says who it runs as")).unwrap();
        let root = copy_for(
            unpacked(image).root(),
            &format!("{}:{}", id("runAsUser"), id("runAsGroup")),
        );
        command.arg("--ro-bind").arg(root.path()).arg("/");
        command.args(["--proc", "/proc", "--dev", "/dev"]);
        for mount in list(&container["volumeMounts"]) {
            let volume = list(&pod["volumes"]).find(|volume| volume["name"] == mount["name"]);
            assert!(volume.is_some_and(|volume| volume["emptyDir"].is_object()), "{mount}");
            command.args(["--perms", "1777", "--tmpfs", mount["mountPath"].as_str().unwrap()]);
        }
        for file in ["hosts", "resolv.conf"] {
            command
                .arg("--ro-bind")
                .arg(files.join(file))
                .arg(format!("/etc/{file}"));
        }
        let directory = container["workingDir"].as_str().or(config["WorkingDir"].as_str());
        command.args(["--chdir", directory.unwrap_or("/")]);
        command.arg("--clearenv");
        let environment = list(&config["Env"])
            .map(|variable| {
                let (name, value) = variable.as_str().unwrap().split_once('=').unwrap();
                (name.to_owned(), value.to_owned())
            })
            .chain(list(&container["env"]).map(|variable| (text(&variable["name"]), value(variable, secrets))));
        for (name, value) in environment {
            command.args(["--setenv", &name, &value]);
        }
        // bwrap writes the process id, and waits until the network is connected.
        let (told, tell) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let (wait, go) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        command.arg("--info-fd").arg(inherited(&tell));
        command.arg("--block-fd").arg(inherited(&wait));
        command.arg("--").args(arguments(container, &config));
        command.uid(id("runAsUser")).gid(id("runAsGroup"));
        let runner = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(files.join("stdout")).unwrap())
            .stderr(fs::File::create(files.join("stderr")).unwrap())
            .spawn()
            .expect("bubblewrap is installed");
        drop((tell, wait));
        let said = || fs::read_to_string(files.join("stderr")).unwrap_or_default();
        let process = read_process(told).unwrap_or_else(|| panic!("bubblewrap starts no container: {}", said()));
        let side = Side::of(process);
        connect(&side, services);
        drop(go);
        Self {
            runner,
            process,
            side,
            output,
            _root: root,
        }
    }

    /// Waits for its end with exit code 0, and returns its output.
    pub(crate) fn succeed(mut self, patience: Duration) -> String {
        let status = self.wait(patience);
        assert_eq!(status, Some(0), "{}", self.said());
        fs::read_to_string(self.output.path().join("stdout")).unwrap()
    }

    /// Repeats a request until the response has this status.
    pub(crate) fn wait_for(&mut self, port: u16, path: &str, status: u16, patience: Duration) -> String {
        let began = Instant::now();
        loop {
            match self.side.get(port, path) {
                Ok((got, body)) if got == status => return body,
                got if began.elapsed() > patience => panic!("{path}: {got:?}; {}", self.said()),
                _ => {}
            }
            assert_eq!(self.runner.try_wait().unwrap(), None, "{}", self.said());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it as a kubelet does, and returns its exit code.
    pub(crate) fn terminate(mut self, patience: Duration) -> Option<i32> {
        kill_process(Pid::from_raw(self.process).unwrap(), Signal::TERM).unwrap();
        self.wait(patience)
    }

    /// Its memory in bytes.
    pub(crate) fn resident(&self) -> u64 {
        memory(self.process.cast_unsigned(), "VmRSS").unwrap()
    }

    /// Its output on stderr.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.output.path().join("stderr")).unwrap()
    }

    fn wait(&mut self, patience: Duration) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.runner.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < patience, "it does not end: {}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.runner.kill();
        let _ = self.runner.wait();
    }
}

/// Lets the started program inherit a file, and returns its descriptor as text.
fn inherited(file: &OwnedFd) -> String {
    rustix::io::fcntl_setfd(file, FdFlags::empty()).unwrap();
    file.as_raw_fd().to_string()
}

/// The process id that bwrap writes; `None` if it ends before, or never writes it.
fn read_process(information: OwnedFd) -> Option<i32> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut json = String::new();
        for line in BufReader::new(fs::File::from(information))
            .lines()
            .map_while(Result::ok)
        {
            json += &line;
            if let Ok(info) = serde_json::from_str::<Value>(&json) {
                let _ = sender.send(info["child-pid"].as_i64());
                return;
            }
        }
    });
    let process = receiver.recv_timeout(Duration::from_secs(60)).ok()?;
    i32::try_from(process?).ok()
}

/// The image of a container, by its name in the chart.
fn image(container: &Value) -> Image {
    let (name, tag) = container["image"].as_str().unwrap().rsplit_once(':').unwrap();
    assert_eq!(tag, images::VERSION, "the chart's appVersion is the tag");
    let image = Image::ALL
        .into_iter()
        .find(|image| name.ends_with(&format!("/{}", image.name())));
    image.unwrap_or_else(|| panic!("{name} is none of the images"))
}

/// The arguments by Kubernetes' rules: `command` replaces the entry point and the command, `args` the command.
fn arguments(container: &Value, config: &Value) -> Vec<String> {
    let texts = |value: &Value| list(value).map(text).collect::<Vec<_>>();
    match (texts(&container["command"]), texts(&container["args"])) {
        (command, arguments) if !command.is_empty() => [command, arguments].concat(),
        (_, arguments) if !arguments.is_empty() => [texts(&config["Entrypoint"]), arguments].concat(),
        _ => [texts(&config["Entrypoint"]), texts(&config["Cmd"])].concat(),
    }
}

fn value(variable: &Value, secrets: Secrets<'_>) -> String {
    match &variable["valueFrom"]["secretKeyRef"] {
        Value::Null => text(&variable["value"]),
        reference => secrets(&text(&reference["name"]), &text(&reference["key"])),
    }
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}
