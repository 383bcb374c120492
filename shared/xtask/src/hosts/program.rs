//! The programs in `ex2-parser/hosts`: what they need, how they are built, and how they are run.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::library;
use super::places::Places;

/// A program that reads pages, and prints a line of JSON for each.
pub(crate) struct Program {
    /// The language, and the library that does the work.
    pub(crate) name: &'static str,
    /// The source, relative to the programs' directory.
    pub(crate) source: &'static str,
    language: Language,
    /// The arguments before those of the program itself.
    arguments: &'static [&'static str],
}

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// An example of `ex2-parser`, built by cargo.
    Rust,
    /// With the gem, built by cargo.
    Ruby,
    JavaScript,
    Browser,
    Python,
    Go,
    Java,
}

/// Those that run the parser's module.
pub(crate) const HOSTS: [Program; 8] = [
    program("Rust, Wasmer", "rust/wasmer.rs", Language::Rust, &["host-wasmer"]),
    program("Rust, wasmtime", "rust/wasmtime.rs", Language::Rust, &["host-wasmtime"]),
    program("Ruby, this project's gem", "ruby/host.rb", Language::Ruby, &[]),
    program("JavaScript, Node.js", "javascript/host.mjs", Language::JavaScript, &[]),
    program(
        "JavaScript, Chromium",
        "javascript/host.js",
        Language::Browser,
        &["javascript/chromium.mjs", "host.js"],
    ),
    program("Python, wasmtime", "python/host.py", Language::Python, &[]),
    program("Go, wazero", "go/host/main.go", Language::Go, &["host"]),
    program("Java, Endive", "java/Host.java", Language::Java, &["Host"]),
];

/// Those with the usual HTML parser of a language, to compare with. They read only the page of a package.
pub(crate) const PARSERS: [Program; 7] = [
    program(
        "Rust, scraper",
        "rust/with_scraper.rs",
        Language::Rust,
        &["host-with-scraper"],
    ),
    program("Ruby, Nokogiri", "ruby/with_nokogiri.rb", Language::Ruby, &[]),
    program(
        "JavaScript, cheerio",
        "javascript/with_cheerio.mjs",
        Language::JavaScript,
        &[],
    ),
    program(
        "JavaScript, DOMParser",
        "javascript/with_dom_parser.js",
        Language::Browser,
        &["javascript/chromium.mjs", "with_dom_parser.js"],
    ),
    program("Python, lxml", "python/with_lxml.py", Language::Python, &[]),
    program("Go, goquery", "go/goquery/main.go", Language::Go, &["goquery"]),
    program("Java, jsoup", "java/WithJsoup.java", Language::Java, &["WithJsoup"]),
];

/// Those that run any module, within limits, and one after the other.
pub(crate) const GUARDED_HOSTS: [Program; 8] = [
    program(
        "Rust, Wasmer",
        "rust/guarded_wasmer.rs",
        Language::Rust,
        &["guarded-wasmer"],
    ),
    program(
        "Rust, wasmtime",
        "rust/guarded_wasmtime.rs",
        Language::Rust,
        &["guarded-wasmtime"],
    ),
    program("Ruby, this project's gem", "ruby/guarded.rb", Language::Ruby, &[]),
    program(
        "JavaScript, Node.js",
        "javascript/guarded.mjs",
        Language::JavaScript,
        &[],
    ),
    program(
        "JavaScript, Chromium",
        "javascript/guarded.js",
        Language::Browser,
        &["javascript/guarded_chromium.mjs"],
    ),
    program("Python, wasmtime", "python/guarded.py", Language::Python, &[]),
    program("Go, wazero", "go/guarded/main.go", Language::Go, &["guarded"]),
    program(
        "Java, Endive",
        "java/Guarded.java",
        Language::Java,
        &["-Xmx512m", "Guarded"],
    ),
];

const fn program(
    name: &'static str,
    source: &'static str,
    language: Language,
    arguments: &'static [&'static str],
) -> Program {
    Program {
        name,
        source,
        language,
        arguments,
    }
}

impl Program {
    /// The number of lines of the source. Blank ones don't count, comments do.
    pub(crate) fn lines(&self, places: &Places) -> Result<usize> {
        let file = places.source(self.source);
        let text = fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        Ok(text.lines().filter(|line| !line.trim().is_empty()).count())
    }

    /// Whether its start takes about a second: a browser's, and Java's.
    #[cfg(test)]
    pub(crate) fn is_slow(&self) -> bool {
        matches!(self.language, Language::Browser | Language::Java)
    }

    /// What is not installed, with the next step; `None` if everything is.
    pub(crate) fn missing(&self, places: &Places) -> Option<String> {
        let programs: &[&str] = match self.language {
            Language::Rust => &[],
            Language::Ruby => &["ruby"],
            Language::JavaScript => &["node", "npm"],
            Language::Browser => &["node", "npm", "chromium"],
            Language::Python => &["python3"],
            Language::Go => &["go"],
            Language::Java => &["java", "javac", "mvn"],
        };
        if let Some(program) = programs.iter().find(|program| which::which(program).is_err()) {
            return Some(format!("{program} is not installed: `cargo xtask setup` installs it"));
        }
        let built = match self.language {
            Language::Rust => places.built.join("examples").join(self.arguments[0]),
            Language::Ruby => places.built.join("libwasm_host.so"),
            _ => return None,
        };
        (!built.exists()).then(|| {
            format!(
                "{} is not built: run the command without --built, which builds it",
                built.display()
            )
        })
    }

    /// The command, without the program's own arguments. Libraries and programs that are missing in the cache, or older
    /// than what they are made from, are made.
    pub(crate) fn command(&self, places: &Places) -> Result<Command> {
        let source = places.source(self.source);
        Ok(match self.language {
            Language::Rust => Command::new(places.built.join("examples").join(self.arguments[0])),
            Language::Ruby => {
                let mut ruby = Command::new("ruby");
                ruby.arg("-I")
                    .arg(places.workspace.join("ex2-parser/gem/lib"))
                    .arg(source);
                // Ruby derives the name of what it calls first from the file's, so that a copy has the right one.
                ruby.env("WASM_HOST_LIBRARY", library::gem_library(places)?)
                    .env("LANG", "C.UTF-8");
                ruby
            }
            Language::JavaScript => {
                library::node_modules(places)?;
                let mut node = Command::new("node");
                node.arg(source);
                node
            }
            Language::Browser => {
                library::node_modules(places)?;
                let mut node = Command::new("node");
                let [driver, arguments @ ..] = self.arguments else {
                    bail!("{} names no program that starts the browser", self.name);
                };
                node.arg(places.source(driver)).args(arguments);
                node.env("CHROMIUM", which::which("chromium")?);
                node
            }
            Language::Python => {
                let mut python = Command::new("python3");
                python
                    .arg(source)
                    .env("PYTHONPATH", library::python_packages(places)?)
                    .env("PYTHONDONTWRITEBYTECODE", "1");
                python
            }
            Language::Go => Command::new(library::go_programs(places)?.join(self.arguments[0])),
            Language::Java => {
                let made = library::java_classes(places)?;
                let mut java = Command::new("java");
                java.arg("-cp")
                    .arg(format!("{0}/classes:{0}/jars/*", made.display()))
                    .args(self.arguments);
                java
            }
        })
    }
}
