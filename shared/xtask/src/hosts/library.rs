//! The libraries of the programs in other languages, and what is built from them, in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bench::exact::sha256;
use system::{cache, command_line};

use super::places::Places;

/// The file that says what a directory was made from.
const MADE_FROM: &str = "made-from";

/// Makes everything that is missing or old.
pub(super) fn prepare(places: &Places) -> Result<()> {
    node_modules(places)?;
    python_packages(places)?;
    go_programs(places)?;
    java_classes(places)?;
    Ok(())
}

/// Whether [`prepare`] has nothing to do.
pub(super) fn is_prepared(places: &Places) -> Result<bool> {
    let is_current = |name: &str, made_from: String| is_made_from(&places.cache.join(name), &made_from);
    Ok(
        is_made_from(&places.source("javascript/node_modules"), &javascript(places)?)
            && is_current("python", python(places)?)
            && is_current("go", go(places)?)
            && is_current("java", java(places)?),
    )
}

/// What each directory is made from.
fn javascript(places: &Places) -> Result<String> {
    hash_of(&places.source("javascript"), &["package-lock.json"])
}

fn python(places: &Places) -> Result<String> {
    // A package with native code is of one Python version.
    let version = Command::new("python3").arg("--version").output()?.stdout;
    Ok(sha256(&version) + &hash_of(&places.source("python"), &["requirements.txt"])?)
}

fn go(places: &Places) -> Result<String> {
    hash_of(
        &places.source("go"),
        &["go.mod", "go.sum", "host/main.go", "goquery/main.go", "guarded/main.go"],
    )
}

fn java(places: &Places) -> Result<String> {
    hash_of(
        &places.source("java"),
        &["pom.xml", "Host.java", "WithJsoup.java", "Guarded.java"],
    )
}

/// A copy of the gem's library with the name that Ruby expects.
pub(super) fn gem_library(places: &Places) -> Result<PathBuf> {
    let built = places.built.join("libwasm_host.so");
    let metadata = built
        .metadata()
        .with_context(|| format!("{} can't be read", built.display()))?;
    let version = format!("{:?} {}", metadata.modified()?, metadata.len());
    let made = made(places, "ruby", &version, |directory| {
        fs::copy(&built, directory.join("wasm_host.so"))?;
        Ok(())
    })?;
    Ok(made.join("wasm_host.so"))
}

/// npm installs beside the sources, since Node.js looks for a module's packages only there.
pub(super) fn node_modules(places: &Places) -> Result<()> {
    let directory = places.source("javascript");
    let installed = directory.join("node_modules");
    let made_from = javascript(places)?;
    let _lock = cache::lock(&places.cache.join("javascript.lock"))?;
    if is_made_from(&installed, &made_from) {
        return Ok(());
    }
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&directory))?;
    fs::write(installed.join(MADE_FROM), made_from).context("node_modules can't be written")
}

pub(super) fn python_packages(places: &Places) -> Result<PathBuf> {
    let requirements = places.source("python/requirements.txt");
    made(places, "python", &python(places)?, |directory| {
        run(&mut system::python::install(&requirements, directory))
    })
}

pub(super) fn go_programs(places: &Places) -> Result<PathBuf> {
    let module = places.source("go");
    made(places, "go", &go(places)?, |directory| {
        let mut go = Command::new("go");
        go.args(["build", "-mod=readonly", "-o"])
            .arg(format!("{}/", directory.display()))
            .args(["./host", "./goquery", "./guarded"]);
        // Without a C compiler, and not as a part of another module's workspace.
        run(go.current_dir(&module).env("CGO_ENABLED", "0").env("GOWORK", "off"))
    })
}

pub(super) fn java_classes(places: &Places) -> Result<PathBuf> {
    let project = places.source("java");
    made(places, "java", &java(places)?, |directory| {
        let jars = directory.join("jars");
        let mut maven = Command::new("mvn");
        maven
            .args(["--batch-mode", "--quiet", "--file"])
            .arg(project.join("pom.xml"));
        // Not in the user's home directory. What Maven itself needs stays for the next time.
        maven.arg(format!("-Dmaven.repo.local={}", places.cache.join("maven").display()));
        maven.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies");
        run(maven.arg(format!("-DoutputDirectory={}", jars.display())))?;
        let mut compiler = Command::new("javac");
        compiler
            .arg("-cp")
            .arg(format!("{}/*", jars.display()))
            .arg("-d")
            .arg(directory.join("classes"));
        run(compiler.args(["Host.java", "WithJsoup.java", "Guarded.java"].map(|file| project.join(file))))
    })
}

/// The directory `name` in the cache, filled by `make` if it is missing or was made from something else.
fn made(places: &Places, name: &str, made_from: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let place = places.cache.join(name);
    let _lock = cache::lock(&place.with_extension("lock"))?;
    if place.exists() {
        // The programs in it are run, so that no other user may be able to write to it.
        cache::trusted(&place)?;
    }
    if !is_made_from(&place, made_from) {
        cache::replace(&place, |directory| {
            make(directory)?;
            fs::write(directory.join(MADE_FROM), made_from).context("the cache can't be written")
        })?;
    }
    Ok(place)
}

fn is_made_from(place: &Path, made_from: &str) -> bool {
    fs::read_to_string(place.join(MADE_FROM)).is_ok_and(|before| before == made_from)
}

fn hash_of(directory: &Path, files: &[&str]) -> Result<String> {
    let mut contents = Vec::new();
    for file in files {
        let file = directory.join(file);
        contents.extend(fs::read(&file).with_context(|| format!("{} can't be read", file.display()))?);
    }
    Ok(sha256(&contents))
}

/// Prints a command, and runs it with its output on standard error.
fn run(command: &mut Command) -> Result<()> {
    let typed = command_line::typed(command);
    command_line::note(format_args!("$ {typed}"));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("`{typed}` can't be started"))?;
    if !output.stdout.is_empty() {
        command_line::note(String::from_utf8_lossy(&output.stdout).trim_end());
    }
    ensure!(output.status.success(), "`{typed}` ended with {}", output.status);
    Ok(())
}
