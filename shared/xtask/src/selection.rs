//! The packages and features that are built: all that this machine can build.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// The package of the fuzz target, which would run without end.
const FUZZ_TARGET: &str = "parser-fuzz";

/// Packages and features that embed or extend Ruby.
const RUBY_PACKAGES: [&str; 1] = ["wasm-host"];
const RUBY_FEATURES: [&str; 2] = ["ex1-hello/ruby", "ex2-parser/ruby"];

/// Optional features that every machine can build.
const FEATURES: [&str; 2] = ["ex1-hello/runtimes", "ex2-parser/runtimes"];

/// The packages and features for cargo.
pub(crate) struct Selection {
    excluded: Vec<&'static str>,
    features: Vec<String>,
    ruby: bool,
}

impl Selection {
    /// All that this machine can build, with additional features.
    pub(crate) fn here(more: &[String]) -> Self {
        Self::with(ruby_can_be_embedded(), more)
    }

    fn with(ruby: bool, more: &[String]) -> Self {
        let mut excluded = vec![FUZZ_TARGET];
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

    /// The arguments for cargo.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--workspace".to_owned()];
        for name in &self.excluded {
            arguments.extend(["--exclude".to_owned(), (*name).to_owned()]);
        }
        arguments.extend(["--features".to_owned(), self.features.join(",")]);
        arguments
    }

    /// As [`Self::arguments`], with the fuzz target, for commands that only compile.
    pub(crate) fn arguments_with_fuzz_target(&self) -> Vec<String> {
        let everything = Self {
            excluded: self
                .excluded
                .iter()
                .copied()
                .filter(|name| *name != FUZZ_TARGET)
                .collect(),
            features: self.features.clone(),
            ruby: self.ruby,
        };
        everything.arguments()
    }

    /// Whether a package is not built.
    pub(crate) fn excludes(&self, package: &str) -> bool {
        self.excluded.contains(&package)
    }

    /// Notes about missing software, with the next step.
    pub(crate) fn notes(&self) -> Vec<&'static str> {
        match self.ruby {
            true => Vec::new(),
            false => vec![
                "Ruby's headers are not installed, so everything with Ruby is skipped; `cargo xtask setup` installs \
                 them",
            ],
        }
    }
}

/// Whether Ruby and its headers are installed.
pub(crate) fn ruby_can_be_embedded() -> bool {
    let ruby = env::var_os("RUBY").unwrap_or_else(|| "ruby".into());
    let output = Command::new(ruby)
        .args(["-r", "rbconfig", "-e", "print RbConfig::CONFIG['rubyhdrdir']"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let directory = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success() && Path::new(&directory).join("ruby.h").is_file()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_ruby_nothing_with_ruby_is_built() {
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
