//! Linux namespaces for a node: its mounts, addresses, firewall rules and processes are separate from the machine's,
//! and end with the first process.

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

/// The node's address, at which pods also reach the servers of a test.
pub const NODE_ADDRESS: &str = "10.250.0.1";

/// The environment variable with the node's control group, in a process in the namespaces.
const VARIABLE: &str = "STATS_TRACKER_NODE_CONTROL_GROUP";

/// The directory of Linux' control groups.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// Directories that are empty in the namespaces. Files in them are removed with the namespaces.
const EMPTY: [&str; 2] = ["/run", "/var/log"];

/// Directories with the machine's files. Changes of them are only visible in the namespaces, and are removed with them.
const OVERLAID: [&str; 3] = ["/opt", "/usr/libexec", "/var/lib"];

/// Settings of the whole machine, which are read-only in the namespaces.
const PROTECTED: [&str; 2] = ["/proc/sys/kernel", "/proc/sys/vm"];

/// Settings with values that the kubelet requires. Files with these values are mounted over them.
const REQUIRED: [(&str, &str); 6] = [
    ("/proc/sys/vm/overcommit_memory", "1"),
    ("/proc/sys/vm/panic_on_oom", "0"),
    ("/proc/sys/kernel/panic", "10"),
    ("/proc/sys/kernel/panic_on_oops", "1"),
    ("/proc/sys/kernel/keys/root_maxkeys", "1000000"),
    ("/proc/sys/kernel/keys/root_maxbytes", "25000000"),
];

/// The reason why such namespaces can't be created on this machine; `None` if they can.
pub fn obstacle() -> Option<String> {
    if !fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        return Some("a node needs root".into());
    }
    let attempt = unshare().and_then(|mut unshare| checked(unshare.args(["mount", "-t", "tmpfs", "node", "/mnt"])));
    let groups = || Groups::new(&format!("cluster-tried-{}", process::id()));
    attempt
        .map(drop)
        .and_then(|()| groups().map(drop))
        .err()
        .map(|error| error.to_string())
}

/// The node's control group; `None` in a process that [`run`] did not start.
pub(crate) fn control_group() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// Whether this process is in the namespaces. Also sets them up.
///
/// # Errors
///
/// If they can't be set up.
pub fn entered() -> Result<bool, Error> {
    if control_group().is_none() {
        return Ok(false);
    }
    set_up().map(|()| true)
}

/// Runs this program again with other arguments in new namespaces, and waits for it. It ends with this process, and its
/// child processes end with it.
///
/// # Errors
///
/// If the namespaces can't be created, or the program fails.
pub fn run(arguments: &[&str]) -> Result<(), Error> {
    let name = format!("cluster-node-{}", process::id());
    let groups = Groups::new(&name)?;
    let program = env::current_exe().map_err(Error::io("looking for this program"))?;
    // It can only be removed after the namespaces, which have mounts below it.
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
            errors: "its messages are above".into(),
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
    // All programs of the node see each other's mounts.
    mount(&["--make-rshared", "/"])?;
    for directory in EMPTY {
        mount(&["-t", "tmpfs", "-o", "mode=755", "node", directory])?;
    }
    for directory in OVERLAID {
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
    for (setting, value) in REQUIRED {
        let file = Path::new("/run/node").join(setting.replace('/', "-"));
        write(&file, value)?;
        mount(&["--bind", &file.display().to_string(), setting])?;
    }
    checked(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    checked(Command::new("ip").args(["address", "add", &format!("{NODE_ADDRESS}/32"), "dev", "lo"]))?;
    // The node forwards packets between pods.
    write(Path::new("/proc/sys/net/ipv4/ip_forward"), "1")
}

pub(crate) fn mount(arguments: &[&str]) -> Result<(), Error> {
    checked(Command::new("mount").args(arguments)).map(drop)
}

/// A control group in each of the machine's hierarchies. Dropping this removes them with all groups below.
#[derive(Debug)]
struct Groups(Vec<PathBuf>);

impl Groups {
    fn new(name: &str) -> Result<Self, Error> {
        let root = Path::new(CONTROL_GROUPS);
        let groups: Vec<PathBuf> = if root.join("cgroup.controllers").exists() {
            vec![root.join(name)]
        } else {
            // Version 1 has a hierarchy for each controller.
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
                command_line::note(format_args!("{} can't be removed: {error}", group.display()));
            }
        }
    }
}

/// Removes a control group with all groups below. The files in a group's directory do not count as its content.
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
