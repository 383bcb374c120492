//! Which packages and features are built here: all of them, less what needs something that this machine hasn't.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// The fuzz target would run for ever.
const NEVER: &str = "parser-fuzz";

/// Packages and features that embed or extend Ruby.
const RUBY_PACKAGES: [&str; 1] = ["wasm-host"];
const RUBY_FEATURES: [&str; 2] = ["ex1-hello/ruby", "ex2-parser/ruby"];

/// Features that need nothing but more time to build.
const FEATURES: [&str; 2] = ["ex1-hello/runtimes", "ex2-parser/runtimes"];

/// What cargo is asked for.
pub(crate) struct Selection {
    excluded: Vec<&'static str>,
    features: Vec<String>,
    ruby: bool,
}

impl Selection {
    /// What this machine can build, and more features that somebody asked for.
    pub(crate) fn here(more: &[String]) -> Self {
        Self::with(ruby_can_be_embedded(), more)
    }

    fn with(ruby: bool, more: &[String]) -> Self {
        let mut excluded = vec![NEVER];
        let mut features: Vec<String> = FEATURES.map(str::to_owned).to_vec();
        if ruby {
            features.extend(RUBY_FEATURES.map(str::to_owned));
        } else {
            excluded.extend(RUBY_PACKAGES);
        }
        features.extend_from_slice(more);
        Self {
            excluded,
            features,
            ruby,
        }
    }

    /// Cargo's arguments for it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--workspace".to_owned()];
        for name in &self.excluded {
            arguments.extend(["--exclude".to_owned(), (*name).to_owned()]);
        }
        arguments.extend(["--features".to_owned(), self.features.join(",")]);
        arguments
    }

    /// The same with the fuzz target, for what compiles and does not run.
    pub(crate) fn arguments_with_fuzz_target(&self) -> Vec<String> {
        let everything = Self {
            excluded: self.excluded.iter().copied().filter(|name| *name != NEVER).collect(),
            features: self.features.clone(),
            ruby: self.ruby,
        };
        everything.arguments()
    }

    /// Whether a package is not among it.
    pub(crate) fn excludes(&self, package: &str) -> bool {
        self.excluded.contains(&package)
    }

    /// What is missing, and what to do about it.
    pub(crate) fn notes(&self) -> Vec<&'static str> {
        match self.ruby {
            true => Vec::new(),
            false => vec![
                "Ruby's headers are not on this machine, so everything with Ruby is left out; `cargo xtask setup` \
                 installs them",
            ],
        }
    }
}

/// Whether there is a Ruby whose headers are there too.
pub(crate) fn ruby_can_be_embedded() -> bool {
    let ruby = env::var_os("RUBY").unwrap_or_else(|| "ruby".into());
    let said = Command::new(ruby)
        .args(["-r", "rbconfig", "-e", "print RbConfig::CONFIG['rubyhdrdir']"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    said.is_ok_and(|said| {
        let directory = String::from_utf8_lossy(&said.stdout).into_owned();
        said.status.success() && Path::new(&directory).join("ruby.h").is_file()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_ruby_nothing_of_ruby_is_built() {
        let without = Selection::with(false, &[]);
        assert!(without.excludes("wasm-host") && without.excludes("parser-fuzz"));
        assert!(!without.arguments().join(" ").contains("ruby"));
        assert!(without.notes()[0].contains("cargo xtask setup"));
        let with = Selection::with(true, &["ex1-hello/llvm".to_owned()]);
        assert!(!with.excludes("wasm-host") && with.excludes("parser-fuzz"));
        assert!(with.arguments().join(" ").ends_with(
            "--features ex1-hello/runtimes,ex2-parser/runtimes,ex1-hello/ruby,ex2-parser/ruby,ex1-hello/llvm"
        ));
    }
}
