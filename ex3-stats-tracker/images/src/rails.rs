//! The image of the Rails application on Debian's Ruby and Rails. Dashboard, collector and migrations differ only in
//! their commands.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use system::{
    architecture::Architecture,
    cache,
    debian_root::{Contents, DebianRoot},
    workspace,
};
use walkdir::WalkDir;

use crate::{
    bill::Package,
    command,
    debian::Installed,
    image::{Image, read},
    layer::Layer,
    layout::Layout,
    names::{self, VERSION},
};

/// The application, relative to the workspace.
const APPLICATION: &str = "ex3-stats-tracker/rails";

/// The directory of the application in the image.
const DIRECTORY: &str = "rails";

/// The parts of the application for production: without tests, invented figures, and the sources of scripts and styles.
const PARTS: [&str; 14] = [
    "Rakefile",
    "app/controllers",
    "app/helpers",
    "app/jobs",
    "app/mailers",
    "app/models",
    "app/views",
    "bin",
    "config",
    "config.ru",
    "db/migrate",
    "lib/plain_errors.rb",
    "lib/tasks/stats.rake",
    "public",
];

/// Debian's packages of the application: those of the Debian root, but `ruby-rails` instead of `rails`, which also has
/// dependencies for development. libc-bin has the locale.
const PACKAGES: [&str; 9] = [
    "base-files",
    "ca-certificates",
    "libc-bin",
    "puma",
    "ruby",
    "ruby-csv",
    "ruby-pg",
    "ruby-rails",
    "ruby-sqlite3",
];

/// Dependencies that are needed for an installation, but not at run time.
const UNNEEDED: [&str; 5] = ["debconf", "mawk", "perl-base", "unzip", "zip"];

/// The programs in the image. No shell is needed: Ruby starts programs without one, and the application starts none.
const PROGRAMS: [&str; 3] = ["puma", "ruby", "ruby3.3"];

/// The certificates of authorities in one file, for a database on another machine, and the directory of Debian's files,
/// each with one certificate. No package lists the one file, because the installation of ca-certificates generates it.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
const CERTIFICATE_FILES: &str = "usr/share/ca-certificates";

/// The port of the web server.
const PORT: u16 = 3000;

pub(crate) fn build(layout: &mut Layout, architecture: Architecture) -> Result<()> {
    let root = if Architecture::here() == Some(architecture) {
        DebianRoot::get()?
    } else {
        DebianRoot::with(Contents::unpacked(architecture, &PACKAGES))?
    };
    let installed = Installed::read(root.directory())?;
    let packages = installed.with_dependencies(&PACKAGES, &UNNEEDED)?;

    let mut layer = Layer::default();
    installed.copy(&packages, &PROGRAMS, &mut layer)?;
    for link in ["bin", "lib", "lib64", "sbin"] {
        // Not all architectures have all links.
        if root.directory().join(link).is_symlink() {
            layer.copy(link, &root.directory().join(link))?;
        }
    }
    layer.file(CERTIFICATES, certificates(root.directory())?);
    layer.merge(Layer::with_user("rails"));
    application(&mut layer)?;

    let release = read_release(root.directory())?;
    let mut bill = installed.bill(&packages, &format!("debian-{release}"));
    bill.extend(bundled()?);
    Image {
        name: names::RAILS,
        tag: VERSION.to_owned(),
        title: "The stats tracker's dashboard and collector",
        description: "Remembers and shows how often an organisation's container images were pulled from ghcr.io",
        layer,
        command: vec!["puma".to_owned()],
        environment: [
            ("BINDING", "0.0.0.0".to_owned()),
            ("HOME", "/tmp".to_owned()),
            // Ruby takes the encoding of texts from it.
            ("LANG", "C.UTF-8".to_owned()),
            ("PATH", format!("/usr/bin:/{DIRECTORY}/bin")),
            ("PORT", PORT.to_string()),
            ("RAILS_ENV", "production".to_owned()),
        ]
        .into(),
        directory: "/rails",
        port: PORT,
        packages: bill,
        ..Image::default()
    }
    .write(layout, architecture)
}

/// The certificates in a root, in the order of their names, as `update-ca-certificates` writes them.
fn certificates(root: &Path) -> Result<Vec<u8>> {
    let directory = root.join(CERTIFICATE_FILES);
    let mut certificates = Vec::new();
    for entry in WalkDir::new(&directory).sort_by_file_name() {
        let entry = entry.with_context(|| format!("reading {}", directory.display()))?;
        if entry.path().extension().is_some_and(|extension| extension == "crt") {
            let certificate = fs::read(entry.path()).with_context(|| format!("reading {}", entry.path().display()))?;
            certificates.extend(certificate);
            if !certificates.ends_with(b"\n") {
                certificates.push(b'\n');
            }
        }
    }
    ensure!(!certificates.is_empty(), "{} has no certificates", directory.display());
    Ok(certificates)
}

/// Copies the parts of the application for production.
fn application(layer: &mut Layer) -> Result<()> {
    let directory = workspace().join(APPLICATION);
    build_assets(&directory)?;
    for part in PARTS {
        layer.copy_all(Path::new(DIRECTORY).join(part), &directory.join(part))?;
    }
    // The image has no `env`, so that the path of Ruby is written into the first line.
    let program = read(&format!("{APPLICATION}/bin/rails"))?;
    let lines = program
        .strip_prefix("#!/usr/bin/env ruby\n")
        .context("bin/rails does not begin with #!/usr/bin/env ruby")?;
    layer.program(
        Path::new(DIRECTORY).join("bin/rails"),
        format!("#!/usr/bin/ruby\n{lines}"),
    );
    Ok(())
}

/// Builds the scripts and styles, since the existing ones can be of an older source.
fn build_assets(directory: &Path) -> Result<()> {
    let _lock = cache::lock(&cache::directory("images")?.join("assets.lock"))?;
    let mut npm = Command::new("npm");
    npm.current_dir(directory).args(["run", "--silent", "build"]);
    command::run(&mut npm).with_context(|| {
        format!(
            "the dashboard's scripts and styles can't be built; run `cargo xtask setup`, or `npm ci` in {APPLICATION}"
        )
    })
}

/// The npm packages that are bundled into the scripts: the dependencies without those for development.
fn bundled() -> Result<Vec<Package>> {
    let lock: Value = serde_json::from_str(&read(&format!("{APPLICATION}/package-lock.json"))?)
        .context("reading package-lock.json")?;
    let packages = lock["packages"]
        .as_object()
        .context("package-lock.json has no packages")?;
    packages
        .iter()
        .filter(|(_, package)| package["dev"] != true)
        .filter_map(|(path, package)| Some((path.strip_prefix("node_modules/")?, package)))
        .map(|(name, package)| {
            let version = package["version"]
                .as_str()
                .context("a package in package-lock.json has no version")?;
            Ok(Package {
                name: name.to_owned(),
                version: version.to_owned(),
                url: format!("pkg:npm/{}@{version}", name.replace('@', "%40")),
                license: package["license"].as_str().map(str::to_owned),
            })
        })
        .collect()
}

/// The version of Debian: `13`.
fn read_release(root: &Path) -> Result<String> {
    let path = root.join("usr/lib/os-release");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let number = text.lines().find_map(|line| line.strip_prefix("VERSION_ID="));
    Ok(number
        .context("os-release has no version")?
        .trim_matches('"')
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_and_styles_are_those_of_the_source() {
        let stale = workspace().join(APPLICATION).join("public/assets/stale.css");
        fs::create_dir_all(stale.parent().unwrap()).unwrap();
        fs::write(&stale, "").unwrap();
        application(&mut Layer::default()).unwrap();
        assert!(!stale.exists());
    }
}
