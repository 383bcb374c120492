//! Running a program in the root.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::debian_root::error::{Error, RUNNER, on_path};

/// What Linux or [`RUNNER`] provides instead of the root's own.
const PROVIDED: [&str; 5] = ["dev", "proc", "run", "sys", "tmp"];

/// A program to be run in the root, and what it sees of the machine: the network, the directories that are bound in,
/// at their own paths, and the environment it is given. The root itself can't be written to, nor can another process
/// be seen; `/tmp` is its own, and empty.
#[derive(Clone, Debug)]
#[must_use]
pub struct Inside {
    root: PathBuf,
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    binds: Vec<(PathBuf, Access)>,
    directory: Option<PathBuf>,
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
        }
    }

    /// Arguments for the program.
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// A variable of its environment. It has no others than these, `PATH`, `HOME` and `LANG`.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Binds a directory or file in, to be read; an absolute path.
    pub fn read(mut self, path: impl Into<PathBuf>) -> Self {
        self.binds.push((path.into(), Access::Read));
        self
    }

    /// Binds a directory or file in, to be written to. It may lie in one that is only read.
    pub fn write(mut self, path: impl Into<PathBuf>) -> Self {
        self.binds.push((path.into(), Access::Write));
        self
    }

    /// The directory it starts in; one that is bound in.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The command. Its process ends with the program's exit code (128 and the signal's number where it was killed by
    /// one), and a signal to it ends the program, too.
    ///
    /// The program and whatever it starts are killed when the thread that spawned the command ends: spawn it from one
    /// that lives as long as the program shall, not from one of a pool.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], or the root can't be read.
    pub fn command(&self) -> Result<Command, Error> {
        let mut command = Command::new(on_path(RUNNER, "bubblewrap")?);
        command.args(["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]);
        self.expose(&mut command, Path::new(""))
            .map_err(Error::io(format!("reading {}", self.root.display())))?;
        command.args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/tmp"]);
        // Who has which name and address on this machine's network.
        for file in ["/etc/resolv.conf", "/etc/hosts"] {
            command.args(["--ro-bind-try", file, file]);
        }
        // A directory before what lies in it, or it would hide that.
        let mut binds: Vec<_> = self.binds.iter().collect();
        binds.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (path, access) in binds {
            let option = match access {
                Access::Read => "--ro-bind",
                Access::Write => "--bind",
            };
            command.args([OsStr::new(option), path.as_os_str(), path.as_os_str()]);
        }
        if let Some(directory) = &self.directory {
            command.arg("--chdir").arg(directory);
        }
        command.arg("--").arg(&self.program).args(&self.arguments);
        // By the environment and not by arguments, which everybody on the machine can read.
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/tmp")
            .env("LANG", "C.UTF-8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Lets the root's `directory` be seen: bound whole, unless something shall be bound in below it that the root does
    /// not have. Nothing can be created in what is only read, so there its entries are bound one by one.
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
            } else if kind.is_dir() && self.holds_a_new_bind(&path) {
                command.arg("--dir").arg(&path);
                self.expose(command, &below)?;
            } else {
                command.arg("--ro-bind").arg(entry.path()).arg(&path);
            }
        }
        Ok(())
    }

    fn holds_a_new_bind(&self, path: &Path) -> bool {
        self.binds.iter().any(|(bind, _)| {
            bind != path
                && bind
                    .strip_prefix(path)
                    .is_ok_and(|_| !self.root.join(bind.strip_prefix("/").unwrap_or(bind)).exists())
        })
    }
}
