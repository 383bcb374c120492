//! Copies some of Debian's packages from a root into an image: the named ones with their dependencies, and no files of
//! other packages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{bill::Package, layer::Layer};

/// The directory of dpkg's database.
const DATABASE: &str = "var/lib/dpkg";

/// What is not copied: documentation, files for package managers and compilers, and what an installation replaces by links.
const EXCLUDED: [&str; 18] = [
    "etc/cron.daily",
    "etc/init.d",
    "etc/logrotate.d",
    "etc/update-motd.d",
    "usr/include",
    "usr/share/bash-completion",
    "usr/share/bug",
    "usr/share/debconf",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl5",
    "usr/share/readline",
    "var/cache",
    "var/lock",
    "var/log",
    "var/run",
];

/// The directory of the packages' documentation, of which only the licences are copied, and links to those of another
/// package.
const DOCUMENTATION: &str = "usr/share/doc";
const LICENCE: &str = "copyright";

/// The directories of programs. Only named programs are copied, because a shell would only help an attacker.
const PROGRAMS: [&str; 2] = ["usr/bin", "usr/sbin"];

/// The packages that are installed in a root.
#[derive(Debug)]
pub(crate) struct Installed {
    root: PathBuf,
    packages: BTreeMap<String, Paragraph>,
    /// The packages that provide a virtual package.
    providers: BTreeMap<String, Vec<String>>,
}

/// The paragraph of a package in `var/lib/dpkg/status`: its fields of one line.
#[derive(Debug)]
struct Paragraph {
    fields: BTreeMap<String, String>,
}

/// The fields in an image's dpkg database, which vulnerability scanners read. The others depend on whether the packages of
/// the root are installed or only unpacked.
const SCANNED: [&str; 8] = [
    "Package",
    "Status",
    "Maintainer",
    "Architecture",
    "Source",
    "Version",
    "Provides",
    "Depends",
];

impl Installed {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let path = root.join(DATABASE).join("status");
        let status = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Self::parse(root, &status))
    }

    fn parse(root: &Path, status: &str) -> Self {
        let mut packages = BTreeMap::new();
        let mut providers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for text in status.split("\n\n") {
            let paragraph = Paragraph::parse(text);
            let Some(name) = paragraph.fields.get("Package").cloned() else {
                continue;
            };
            for provided in names(paragraph.field("Provides")).flatten() {
                providers.entry(provided.to_owned()).or_default().push(name.clone());
            }
            packages.insert(name, paragraph);
        }
        Self {
            root: root.to_owned(),
            packages,
            providers,
        }
    }

    /// The `wanted` packages with their dependencies, without those in `unneeded` and the dependencies of only those:
    /// the unneeded packages are required for an installation, but not at run time.
    pub(crate) fn with_dependencies(&self, wanted: &[&str], unneeded: &[&str]) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut queue: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
        while let Some(name) = queue.pop() {
            if unneeded.contains(&&*name) || found.contains(&name) {
                continue;
            }
            let Some(paragraph) = self.packages.get(&name) else {
                bail!(
                    "the package {name} is not in {}; build that again: cargo run -p system --bin debian-root -- --rebuild",
                    self.root.display()
                );
            };
            let dependencies = [paragraph.field("Pre-Depends"), paragraph.field("Depends")];
            for mut alternatives in dependencies.into_iter().flat_map(names) {
                queue.extend(alternatives.find_map(|name| self.installed(name)));
            }
            found.insert(name);
        }
        Ok(found)
    }

    /// The package with this name, or one that provides it.
    fn installed(&self, name: &str) -> Option<String> {
        let provider = || self.providers.get(name)?.first().cloned();
        self.packages
            .get_key_value(name)
            .map(|(name, _)| name.clone())
            .or_else(provider)
    }

    /// Copies the packages' files into a layer, of their programs only the named ones. Also writes their entries in
    /// dpkg's database, for vulnerability scanners.
    pub(crate) fn copy(&self, packages: &BTreeSet<String>, programs: &[&str], layer: &mut Layer) -> Result<()> {
        let root = self
            .root
            .canonicalize()
            .with_context(|| format!("reading {}", self.root.display()))?;
        let mut status = String::new();
        for name in packages {
            for file in self.files(name)? {
                let Some(path) = resolve(&root, &file) else {
                    continue;
                };
                let excluded = EXCLUDED.iter().any(|directory| path.starts_with(directory));
                let other_program = PROGRAMS
                    .iter()
                    .any(|directory| path.starts_with(directory) && path != Path::new(directory))
                    && !path
                        .file_name()
                        .is_some_and(|name| programs.iter().any(|program| name == *program));
                let documentation =
                    path.starts_with(DOCUMENTATION) && !path.ends_with(LICENCE) && !root.join(&path).is_symlink();
                if !excluded && !other_program && !documentation {
                    layer.copy(&path, &root.join(&path))?;
                }
            }
            status += &self.packages[name].for_scanners();
            status += "\n";
        }
        layer.file(Path::new(DATABASE).join("status"), status);
        Ok(())
    }

    /// The files of a package from dpkg's list: paths relative to the root.
    fn files(&self, package: &str) -> Result<Vec<PathBuf>> {
        let architecture = self.packages[package].field("Architecture");
        let directory = self.root.join(DATABASE).join("info");
        let lists = [format!("{package}.list"), format!("{package}:{architecture}.list")];
        let list = lists
            .iter()
            .map(|list| directory.join(list))
            .find(|list| list.is_file());
        let list = list.with_context(|| format!("{} has no list of the package {package}", directory.display()))?;
        let text = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
        Ok(text
            .lines()
            .filter_map(|line| Some(PathBuf::from(line.strip_prefix('/')?)))
            .filter(|path| path != Path::new(".") && path != Path::new(""))
            .collect())
    }

    /// The packages for the bill of materials.
    pub(crate) fn bill(&self, packages: &BTreeSet<String>, distribution: &str) -> Vec<Package> {
        packages
            .iter()
            .map(|name| {
                let paragraph = &self.packages[name];
                let version = paragraph.field("Version");
                let architecture = paragraph.field("Architecture");
                // The characters of a version with another meaning in a URL.
                let escaped = version.replace('%', "%25").replace('+', "%2B").replace(':', "%3A");
                Package {
                    name: name.clone(),
                    version: version.to_owned(),
                    url: format!("pkg:deb/debian/{name}@{escaped}?arch={architecture}&distro={distribution}"),
                    license: None,
                }
            })
            .collect()
    }
}

impl Paragraph {
    fn parse(text: &str) -> Self {
        // A line that begins with a space continues the field before. The fields that are used here have one line.
        let fields = text
            .lines()
            .filter(|line| !line.starts_with(' '))
            .filter_map(|line| line.split_once(':'));
        Self {
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        }
    }

    /// The paragraph for an image's dpkg database.
    fn for_scanners(&self) -> String {
        let fields = SCANNED
            .into_iter()
            .filter_map(|name| Some((name, self.fields.get(name)?)));
        fields.map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// The names of packages in relations such as `a (>= 1), b:any | c`, grouped by alternatives.
fn names(relations: &str) -> impl Iterator<Item = impl Iterator<Item = &str>> {
    relations.split(',').map(|relation| {
        relation
            .split('|')
            .filter_map(|alternative| alternative.split([' ', ':', '(']).find(|word| !word.is_empty()))
    })
}

/// The real path of a file: packages list files in `/lib`, which is a link to `/usr/lib`. `None` if it does not exist.
fn resolve(root: &Path, file: &Path) -> Option<PathBuf> {
    let parent = root.join(file).parent()?.canonicalize().ok()?;
    let path = parent.join(file.file_name()?);
    path.symlink_metadata().ok()?;
    Some(path.strip_prefix(root).ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: app\nVersion: 1:2+3\nArchitecture: all\nDepends: library (>= 2), shell | other-shell\n\
        Description: an\n application\n\nPackage: library\nPre-Depends: c-library:any\nDepends: virtual\n\n\
        Package: c-library\n\nPackage: other-shell\n\nPackage: provider\nProvides: virtual (= 1), another\n\n\
        Package: unrelated\n";

    #[test]
    fn only_dependencies_are_added() {
        let installed = Installed::parse(Path::new("/nowhere"), STATUS);
        let names = |wanted: &[&str], unneeded: &[&str]| {
            let found = installed.with_dependencies(wanted, unneeded).unwrap();
            found.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(
            names(&["app"], &[]),
            ["app", "c-library", "library", "other-shell", "provider"]
        );
        assert_eq!(names(&["app"], &["library"]), ["app", "other-shell"]);
        let error = installed.with_dependencies(&["missing"], &[]).unwrap_err();
        assert!(
            error.to_string().contains("missing") && error.to_string().contains("--rebuild"),
            "{error}"
        );
    }

    #[test]
    fn the_order_of_the_fields_and_what_an_installation_adds_do_not_matter() {
        let text = |paragraph| Paragraph::parse(paragraph).for_scanners();
        let installed =
            "Package: app\nStatus: install ok installed\nVersion: 1\nConffiles:\n /etc/app 0123\nDepends: a\n";
        let unpacked =
            "Depends: a\nVersion: 1\nPackage: app\nDescription: an\n application\nStatus: install ok installed\n";
        assert_eq!(text(installed), text(unpacked));
        assert_eq!(
            text(installed),
            "Package: app\nStatus: install ok installed\nVersion: 1\nDepends: a\n"
        );
    }

    #[test]
    fn a_bill_names_version_and_distribution() {
        let installed = Installed::parse(Path::new("/nowhere"), STATUS);
        let bill = installed.bill(&BTreeSet::from(["app".to_owned()]), "debian-13");
        assert_eq!(bill[0].url, "pkg:deb/debian/app@1%3A2%2B3?arch=all&distro=debian-13");
        assert_eq!(bill[0].version, "1:2+3");
    }

    #[test]
    fn files_have_their_real_paths() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("usr/lib/package")).unwrap();
        std::os::unix::fs::symlink("usr/lib", root.join("lib")).unwrap();
        fs::write(root.join("usr/lib/package/file"), "").unwrap();
        assert_eq!(
            resolve(&root, Path::new("lib/package/file")),
            Some("usr/lib/package/file".into())
        );
        assert_eq!(resolve(&root, Path::new("lib")), Some("lib".into()));
        assert_eq!(resolve(&root, Path::new("lib/package/other")), None);
    }
}
