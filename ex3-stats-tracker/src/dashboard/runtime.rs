//! Finds the Ruby that runs Rails.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use system::debian_root::DebianRoot;

use super::{database, error::Error, program::Program, settings::Settings};

/// The Ruby that runs the Rails application.
#[derive(Clone, Debug)]
pub enum Runtime {
    /// The user's own Ruby, with all gems of the Gemfile.
    Own,
    /// Debian's Ruby, in a root of its own.
    Debian(DebianRoot),
}

impl Runtime {
    /// Finds the user's own Ruby if it has all gems, or else Debian's if it was set up.
    ///
    /// # Errors
    ///
    /// If there is neither, or the dashboard's scripts are not built.
    pub fn find() -> Result<Self, Error> {
        let directory = application();
        if !directory.join("public/assets/manifest.json").is_file() {
            return Err(Error::NoAssets);
        }
        if own_ruby_has_the_gems(&directory) {
            return Ok(Self::Own);
        }
        DebianRoot::find().map(Self::Debian).ok_or_else(|| Error::NoRails {
            directory: directory.display().to_string(),
        })
    }

    /// The root directory of Debian's Ruby.
    pub(crate) fn root(&self) -> Option<&Path> {
        match self {
            Self::Own => None,
            Self::Debian(root) => Some(root.directory()),
        }
    }

    /// Makes the command for a program of the application.
    pub(super) fn command(&self, program: &Program<'_>, settings: &Settings) -> Result<Command, Error> {
        let directory = application();
        let (name, arguments) = program.command.split_first().expect("a program has a name");
        let environment = settings.environment();
        match self {
            Self::Own => {
                let mut command = Command::new("bundle");
                command
                    .args(["exec", name])
                    .args(arguments)
                    .current_dir(&directory)
                    .envs(environment);
                Ok(command)
            }
            Self::Debian(root) => {
                let storage = settings.storage().directory();
                let mut inside = root
                    .command(*name)
                    .args(arguments.iter().copied())
                    .read(&directory)
                    .write(storage)
                    .current_dir(&directory);
                // Inside of the root, only bind-mounted directories of this machine are visible.
                let database = database::url().and_then(|url| database::directory(&url.to_string_lossy()));
                if let Some(database) = database.filter(|database| database.is_dir()) {
                    inside = inside.write(database);
                }
                if let Some(directory) = program.writes {
                    inside = inside.write(directory);
                }
                for (variable, value) in environment {
                    inside = inside.env(variable, value);
                }
                Ok(inside.command()?)
            }
        }
    }
}

/// The Rails application's directory.
fn application() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rails")
}

/// Whether `bundle check` succeeds. It changes nothing.
fn own_ruby_has_the_gems(directory: &Path) -> bool {
    Command::new("bundle")
        .arg("check")
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
