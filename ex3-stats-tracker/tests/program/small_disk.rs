//! A small file system, to test a full disk.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use system::processes::run_by;
use tempfile::TempDir;

/// A file system of 16 MB for one program: a tmpfs in a mount namespace, which ends with the program.
pub(crate) struct SmallDisk {
    mount_point: TempDir,
    /// The options of `unshare` that work for this user.
    namespace: &'static [&'static str],
}

impl SmallDisk {
    const MOUNT: &str = "mount -t tmpfs -o size=16m,mode=700 none \"$0\" && exec \"$@\"";

    /// `None` if this user can't mount a file system.
    pub(crate) fn find() -> Option<Self> {
        let mount_point = tempfile::tempdir().unwrap();
        let namespace = [&["--mount"][..], &["--map-root-user", "--mount"]]
            .into_iter()
            .find(|namespace| {
                // Bubblewrap has to work inside the namespace, too.
                let mut probe = within(namespace, mount_point.path());
                probe.args("bwrap --dev-bind / / --unshare-pid --proc /proc true".split(' '));
                probe.output().is_ok_and(|output| output.status.success())
            })?;
        Some(Self { mount_point, namespace })
    }

    /// The mount point.
    pub(crate) fn path(&self) -> &Path {
        self.mount_point.path()
    }

    /// The same program, with the disk mounted. The process id is the program's own.
    pub(crate) fn mounted_for(&self, command: &Command) -> Command {
        run_by(within(self.namespace, self.path()), command)
    }

    /// Fills the disk of a process, and returns the path of the file that fills it.
    pub(crate) fn fill(&self, process: u32) -> PathBuf {
        let root = Path::new("/proc").join(process.to_string()).join("root");
        let file = root.join(self.path().strip_prefix("/").unwrap()).join("filler");
        let mut filler = File::create(&file).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        assert!(fs::metadata(&file).unwrap().len() > 1024 * 1024, "the disk is mounted");
        file
    }
}

/// The beginning of a command line that mounts the disk and then runs a program.
fn within(namespace: &[&str], mount_point: &Path) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(namespace)
        .args(["--", "sh", "-c", SmallDisk::MOUNT])
        .arg(mount_point);
    command
}
