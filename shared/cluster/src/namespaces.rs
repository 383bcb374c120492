//! Namespaces of Linux for a node: what it mounts, which addresses it takes, which rules it sets and what it starts is
//! seen by nobody else on the machine, and goes with its first process.

use std::{
    env, fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{self, Command},
};

use crate::{Error, NODE_ADDRESS, checked, on_path};

/// Says to a process in the namespaces which control group is its node's.
const VARIABLE: &str = "STATS_TRACKER_NODE_CONTROL_GROUP";

/// Where Linux has its control groups.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// What the programs of a node write to and expect to find, which here goes with the namespaces.
const WRITTEN: [&str; 2] = ["/run", "/var/log"];

/// What the kubelet would change for the whole machine: what happens when memory runs out, or the kernel panics.
const PROTECTED: [&str; 2] = ["/proc/sys/kernel", "/proc/sys/vm"];

/// Whether this user may have namespaces like these.
pub fn are_allowed() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
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
    let mut command = Command::new(on_path("setpriv", "util-linux")?);
    command.args(["--pdeathsig", "KILL", "--"]);
    command.arg(on_path("unshare", "util-linux")?);
    command.args([
        "--mount",
        "--net",
        "--pid",
        "--ipc",
        "--uts",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--",
    ]);
    command.arg(program).args(arguments).env(VARIABLE, &name);
    let status = command.status().map_err(Error::io("starting unshare"))?;
    drop(groups);
    if status.success() {
        Ok(())
    } else {
        Err(Error::Command {
            command: command_line::typed(&command),
            status,
            errors: "what it said stands above".into(),
        })
    }
}

fn set_up() -> Result<(), Error> {
    // Mounts that one program makes are seen by the others.
    checked(Command::new("mount").args(["--make-rshared", "/"]))?;
    for directory in WRITTEN {
        checked(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "node", directory]))?;
    }
    for directory in PROTECTED {
        checked(Command::new("mount").args(["--bind", directory, directory]))?;
        checked(Command::new("mount").args(["-o", "remount,bind,ro", directory]))?;
    }
    checked(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    checked(Command::new("ip").args(["address", "add", &format!("{NODE_ADDRESS}/32"), "dev", "lo"]))?;
    for (setting, value) in [
        ("net/ipv4/ip_forward", "1"),
        // Pods of one node reach each other over its bridge, by a Service's address, too.
        ("net/bridge/bridge-nf-call-iptables", "1"),
    ] {
        let path = Path::new("/proc/sys").join(setting);
        crate::write(&path, value)?;
    }
    Ok(())
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
            crate::create_directory(group)?;
        }
        Ok(Self(groups))
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.0 {
            if let Err(error) = remove(group) {
                eprintln!("{} is left: {error}", group.display());
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
