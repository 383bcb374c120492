//! Namespaces of Linux for a node: what it mounts, which addresses it takes, which rules it sets and what it starts is
//! seen by nobody else on the machine, and goes with its first process.

use std::{
    env, fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{self, Command},
};

use system::command_line;

use crate::{
    command::{checked, on_path},
    error::Error,
    files::{create_directory, write},
};

/// A node's address, under which its pods also reach what the test has started beside it.
pub const NODE_ADDRESS: &str = "10.250.0.1";

/// Says to a process in the namespaces which control group is its node's.
const VARIABLE: &str = "STATS_TRACKER_NODE_CONTROL_GROUP";

/// Where Linux has its control groups.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// Where the programs of a node find nothing, and what they write goes with the namespaces.
const EMPTY: [&str; 2] = ["/run", "/var/log"];

/// Where they find what the machine has, and what they write goes with the namespaces as well.
const COPIED: [&str; 3] = ["/opt", "/usr/libexec", "/var/lib"];

/// Settings of the whole machine, which nobody may change from here.
const PROTECTED: [&str; 2] = ["/proc/sys/kernel", "/proc/sys/vm"];

/// Those of them that the kubelet insists on. It is shown them as it wants them.
const WANTED: [(&str, &str); 6] = [
    ("/proc/sys/vm/overcommit_memory", "1"),
    ("/proc/sys/vm/panic_on_oom", "0"),
    ("/proc/sys/kernel/panic", "10"),
    ("/proc/sys/kernel/panic_on_oops", "1"),
    ("/proc/sys/kernel/keys/root_maxkeys", "1000000"),
    ("/proc/sys/kernel/keys/root_maxbytes", "25000000"),
];

/// Why there can't be namespaces like these here; nothing where there can.
pub fn what_forbids_them() -> Option<String> {
    if !fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        return Some("a node needs root".into());
    }
    let tried = unshare().and_then(|mut unshare| checked(unshare.args(["mount", "-t", "tmpfs", "node", "/mnt"])));
    let groups = || Groups::new(&format!("cluster-tried-{}", process::id()));
    tried
        .map(drop)
        .and_then(|()| groups().map(drop))
        .err()
        .map(|error| error.to_string())
}

/// The node's control group, in the process that [`run`] started.
pub(crate) fn control_group() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// Whether this process is in the namespaces. The first time it sets them up.
///
/// # Errors
///
/// They can't be set up.
pub fn entered() -> Result<bool, Error> {
    if control_group().is_none() {
        return Ok(false);
    }
    set_up().map(|()| true)
}

/// Runs this program again with other arguments in namespaces of its own, and waits for it. Whatever it started ends
/// with it, and it ends with this process.
///
/// # Errors
///
/// Namespaces can't be made, or the program fails.
pub fn run(arguments: &[&str]) -> Result<(), Error> {
    let name = format!("cluster-node-{}", process::id());
    let groups = Groups::new(&name)?;
    let program = env::current_exe().map_err(Error::io("looking for this program"))?;
    // What is mounted below it goes with the namespaces, and only then can it be removed.
    let mut directory = tempfile::Builder::new()
        .prefix("node-")
        .tempdir()
        .map_err(Error::io("creating a temporary directory"))?;
    let mut command = unshare()?;
    command.arg(program).args(arguments);
    command.env(VARIABLE, &name).env("TMPDIR", directory.path());
    let status = command.status().map_err(Error::io("starting unshare"))?;
    drop(groups);
    if status.success() {
        Ok(())
    } else {
        directory.disable_cleanup(true);
        Err(Error::Command {
            command: command_line::typed(&command),
            status,
            errors: "what it said stands above".into(),
        })
    }
}

/// A command that starts another in new namespaces. Both end with this process.
fn unshare() -> Result<Command, Error> {
    let mut command = Command::new(on_path("setpriv", "util-linux")?);
    command.args(["--pdeathsig", "KILL", "--"]);
    command.arg(on_path("unshare", "util-linux")?);
    command.args(["--mount", "--net", "--pid", "--ipc", "--uts"]);
    command.args(["--fork", "--kill-child", "--mount-proc", "--"]);
    Ok(command)
}

fn set_up() -> Result<(), Error> {
    // Mounts that one program makes are seen by the others.
    mount(&["--make-rshared", "/"])?;
    for directory in EMPTY {
        mount(&["-t", "tmpfs", "-o", "mode=755", "node", directory])?;
    }
    for directory in COPIED {
        let written = Path::new("/run/node").join(directory.trim_start_matches('/'));
        let [upper, work] = ["upper", "work"].map(|part| written.join(part));
        create_directory(&upper)?;
        create_directory(&work)?;
        let layers = format!(
            "lowerdir={directory},upperdir={},workdir={}",
            upper.display(),
            work.display()
        );
        mount(&["-t", "overlay", "-o", &layers, "node", directory])?;
    }
    for directory in PROTECTED {
        mount(&["--bind", directory, directory])?;
        mount(&["-o", "remount,bind,ro", directory])?;
    }
    for (setting, value) in WANTED {
        let file = Path::new("/run/node").join(setting.replace('/', "-"));
        write(&file, value)?;
        mount(&["--bind", &file.display().to_string(), setting])?;
    }
    checked(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    checked(Command::new("ip").args(["address", "add", &format!("{NODE_ADDRESS}/32"), "dev", "lo"]))?;
    // Pods reach each other through the node.
    write(Path::new("/proc/sys/net/ipv4/ip_forward"), "1")
}

pub(crate) fn mount(arguments: &[&str]) -> Result<(), Error> {
    checked(Command::new("mount").args(arguments)).map(drop)
}

/// A control group in each of the machine's hierarchies, removed with all below it when this is dropped.
#[derive(Debug)]
struct Groups(Vec<PathBuf>);

impl Groups {
    fn new(name: &str) -> Result<Self, Error> {
        let root = Path::new(CONTROL_GROUPS);
        let groups: Vec<PathBuf> = if root.join("cgroup.controllers").exists() {
            vec![root.join(name)]
        } else {
            // The first version has a hierarchy for each controller.
            directories(root)
                .into_iter()
                .map(|hierarchy| hierarchy.join(name))
                .collect()
        };
        for group in &groups {
            create_directory(group)?;
        }
        Ok(Self(groups))
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.0 {
            if let Err(error) = remove(group) {
                command_line::note(format_args!("{} is left: {error}", group.display()));
            }
        }
    }
}

/// A control group is an empty directory once it has no groups below it; its files are no files.
fn remove(group: &Path) -> io::Result<()> {
    for below in directories(group) {
        remove(&below)?;
    }
    fs::remove_dir(group)
}

fn directories(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
