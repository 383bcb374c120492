//! A disk that can be filled.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A disk of 16 MB that a program alone sees: a tmpfs in a mount namespace of its own, which is gone when the program is.
pub(crate) struct SmallDisk {
    place: TempDir,
    /// How `unshare` makes the namespace on this machine.
    namespace: &'static [&'static str],
}

impl SmallDisk {
    const MOUNT: &str = "mount -t tmpfs -o size=16m,mode=700 none \"$0\" && exec \"$@\"";

    /// `None` where this user may mount nothing.
    pub(crate) fn find() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let namespace = [&["--mount"][..], &["--map-root-user", "--mount"]]
            .into_iter()
            .find(|namespace| {
                // Whether what is started there may start programs in a root of their own, too.
                let mut probe = within(namespace, place.path());
                probe.args("bwrap --dev-bind / / --unshare-pid --proc /proc true".split(' '));
                probe.output().is_ok_and(|output| output.status.success())
            })?;
        Some(Self { place, namespace })
    }

    /// Where the program finds it.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// The same program, with the disk. Its process is the one that is started.
    pub(crate) fn beside(&self, command: &Command) -> Command {
        let mut there = within(self.namespace, self.place());
        there.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => there.env(name, value),
                None => there.env_remove(name),
            };
        }
        there
    }

    /// Takes all of the room on the disk of the process, by a file whose path is returned.
    pub(crate) fn fill(&self, process: u32) -> PathBuf {
        let root = Path::new("/proc").join(process.to_string()).join("root");
        let file = root.join(self.place().strip_prefix("/").unwrap()).join("filler");
        let mut filler = File::create(&file).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        assert!(fs::metadata(&file).unwrap().len() > 1024 * 1024, "the disk is there");
        file
    }
}

/// The beginning of a command that is run where the disk is.
fn within(namespace: &[&str], place: &Path) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(namespace)
        .args(["--", "sh", "-c", SmallDisk::MOUNT])
        .arg(place);
    command
}
