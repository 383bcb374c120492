//! Runs a program in the root.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::debian_root::error::{Error, RUNNER, on_path};

/// The directories that Linux or [`RUNNER`] provides instead of those in the root.
const PROVIDED: [&str; 5] = ["dev", "proc", "run", "sys", "tmp"];

/// A program in the root, and its access to the machine: the network, the directories that are mounted at their own
/// paths, and the environment that it gets. The root is read-only, `/tmp` is private and empty, and other processes are
/// hidden.
#[derive(Clone, Debug)]
#[must_use]
pub struct Inside {
    root: PathBuf,
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    binds: Vec<Bind>,
    directory: Option<PathBuf>,
    user: Option<u32>,
}

/// A directory or file of the machine, and its path for the program.
#[derive(Clone, Debug)]
struct Bind {
    source: PathBuf,
    path: PathBuf,
    access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Inside {
    pub(crate) fn new(root: &Path, program: OsString) -> Self {
        Self {
            root: root.to_owned(),
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            binds: Vec::new(),
            directory: None,
            user: None,
        }
    }

    /// Adds arguments.
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds an environment variable. The only others are `PATH`, `HOME` and `LANG`.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Mounts a directory or file, read-only; an absolute path.
    pub fn read(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.bind(path.clone(), path, Access::Read)
    }

    /// Mounts a directory or file, read-only, at another path.
    pub fn read_at(self, source: impl Into<PathBuf>, path: impl Into<PathBuf>) -> Self {
        self.bind(source.into(), path.into(), Access::Read)
    }

    /// Mounts a directory or file, writable. It may be within a read-only one.
    pub fn write(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.bind(path.clone(), path, Access::Write)
    }

    /// Mounts a directory or file, writable, at another path.
    pub fn write_at(self, source: impl Into<PathBuf>, path: impl Into<PathBuf>) -> Self {
        self.bind(source.into(), path.into(), Access::Write)
    }

    fn bind(mut self, source: PathBuf, path: PathBuf, access: Access) -> Self {
        self.binds.push(Bind { source, path, access });
        self
    }

    /// Sets the user and group id that the program sees as its own and those of its files. By default they are this
    /// process's.
    pub fn user(mut self, id: u32) -> Self {
        self.user = Some(id);
        self
    }

    /// Sets the program's working directory, which must be mounted.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The command to spawn. Its exit code is the program's, or 128 plus the number of the signal that killed the
    /// program. A signal to the command also ends the program.
    ///
    /// The program and its child processes are killed when the thread that spawned the command ends. So spawn it from a
    /// thread that lives as long as the program, not from a thread of a pool.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], or [`Error::Io`] if the root can't be read.
    pub fn command(&self) -> Result<Command, Error> {
        let mut command = Command::new(on_path(RUNNER, "bubblewrap")?);
        command.args(["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]);
        if let Some(id) = self.user {
            let id = id.to_string();
            command.args(["--unshare-user", "--uid", &id, "--gid", &id]);
        }
        self.expose(&mut command, Path::new(""))
            .map_err(Error::io(format!("reading {}", self.root.display())))?;
        command.args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/tmp"]);
        // The names and addresses of this machine's network.
        for file in ["/etc/resolv.conf", "/etc/hosts"] {
            command.args(["--ro-bind-try", file, file]);
        }
        // A directory before the mounts within it, because it would hide them.
        let mut binds: Vec<_> = self.binds.iter().collect();
        binds.sort_by(|one, other| one.path.cmp(&other.path));
        for Bind { source, path, access } in binds {
            let option = match access {
                Access::Read => "--ro-bind",
                Access::Write => "--bind",
            };
            command.args([OsStr::new(option), source.as_os_str(), path.as_os_str()]);
        }
        if let Some(directory) = &self.directory {
            command.arg("--chdir").arg(directory);
        }
        command.arg("--").arg(&self.program).args(&self.arguments);
        // As environment variables, because all users of the machine can read a process's arguments.
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/tmp")
            .env("LANG", "C.UTF-8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Mounts the root's `directory`, read-only. If a mount point below it is missing in the root, the entries of the
    /// directory are mounted one by one, because a mount point can't be created in a read-only directory.
    fn expose(&self, command: &mut Command, directory: &Path) -> io::Result<()> {
        let mut entries: Vec<_> = fs::read_dir(self.root.join(directory))?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let below = directory.join(entry.file_name());
            if PROVIDED.iter().any(|provided| below == Path::new(provided)) {
                continue;
            }
            let path = Path::new("/").join(&below);
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                command.arg("--symlink").arg(fs::read_link(entry.path())?).arg(&path);
            } else if kind.is_dir() && self.needs_a_mount_point(&path) {
                command.arg("--dir").arg(&path);
                self.expose(command, &below)?;
            } else {
                command.arg("--ro-bind").arg(entry.path()).arg(&path);
            }
        }
        Ok(())
    }

    fn needs_a_mount_point(&self, path: &Path) -> bool {
        self.binds.iter().any(|Bind { path: bind, .. }| {
            bind != path
                && bind
                    .strip_prefix(path)
                    .is_ok_and(|_| !self.root.join(bind.strip_prefix("/").unwrap_or(bind)).exists())
        })
    }
}
