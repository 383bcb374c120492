//! Programs of an unpacked image, for a processor that QEMU emulates. They need no root: bubblewrap makes the image's files
//! the whole file system.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The emulator.
pub(crate) const EMULATOR: &str = "/usr/bin/qemu-aarch64";

/// The libraries of the emulator, for this machine's processor. An image for another one has nothing there.
const LIBRARIES: [&str; 2] = ["/lib64", "/lib/x86_64-linux-gnu"];

/// What a host says before its address.
const LISTENS: &str = "listens on http://";

/// A program.
#[derive(Debug)]
pub(crate) struct Emulated {
    root: PathBuf,
    directory: &'static str,
    program: Vec<String>,
    environment: Vec<(String, String)>,
    writable: Vec<(PathBuf, String)>,
}

/// A program that serves, until this is dropped.
#[derive(Debug)]
pub(crate) struct Serving {
    process: Child,
    address: String,
}

impl Emulated {
    pub(crate) fn new(root: &Path, program: &str, arguments: &[&str]) -> Self {
        let emulated = Self {
            root: root.to_owned(),
            directory: "/",
            program: vec![program.to_owned()],
            environment: Vec::new(),
            writable: Vec::new(),
        };
        emulated.args(arguments)
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.program
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Sets the working directory.
    pub(crate) fn current_dir(mut self, directory: &'static str) -> Self {
        self.directory = directory;
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Mounts a directory for the program's files.
    pub(crate) fn write(mut self, directory: &Path, path: &str) -> Self {
        self.writable.push((directory.to_owned(), path.to_owned()));
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("bwrap");
        command.args(["--die-with-parent", "--unshare-pid", "--bind"]);
        command.arg(&self.root).arg("/");
        command.args([
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            "--tmpfs",
            "/tmp",
            "--chdir",
            self.directory,
        ]);
        for path in [EMULATOR].into_iter().chain(LIBRARIES) {
            command.args(["--ro-bind", path, path]);
        }
        for (directory, path) in &self.writable {
            command.arg("--bind").arg(directory).arg(path);
        }
        command.arg("--clearenv");
        // As in the configuration of the image.
        for (name, value) in [
            ("HOME", "/tmp"),
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/bin:/rails/bin"),
            ("RAILS_ENV", "production"),
        ] {
            command.args(["--setenv", name, value]);
        }
        for (name, value) in &self.environment {
            command.args(["--setenv", name, value]);
        }
        command.args(["--", EMULATOR]).args(&self.program);
        command
    }

    /// Starts the program, and waits until it says where it listens.
    pub(crate) fn serve(&self) -> Serving {
        let mut command = self.command();
        let mut process = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut said = String::new();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        while !said.contains(LISTENS) {
            if lines.read_line(&mut said).unwrap() == 0 {
                panic!("{command:?} ended with {}: {said}", process.wait().unwrap());
            }
        }
        let address = said.split(LISTENS).nth(1).unwrap();
        let address = address.split([' ', '/', ',', '\n']).next().unwrap().to_owned();
        // Else the program can't write any more.
        std::thread::spawn(move || lines.lines().map_while(Result::ok).for_each(|line| eprintln!("{line}")));
        Serving { process, address }
    }
}

impl Serving {
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
