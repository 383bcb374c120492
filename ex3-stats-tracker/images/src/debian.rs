//! Debian's packages out of a root that has more of them than an image needs: the ones that are named, what they depend
//! on, and nothing that belongs to another.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{bill::Package, layer::Layer};

/// Where dpkg keeps what it knows.
const DATABASE: &str = "var/lib/dpkg";

/// What a package brings for people, package managers and compilers. The licences stay.
const LEFT_OUT: [&str; 16] = [
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
    "var/log",
];

/// Where programs lie. Only those that are named come along: a shell is of use only to who should not be there.
const PROGRAMS: [&str; 2] = ["usr/bin", "usr/sbin"];

/// The packages that dpkg has installed in a root.
#[derive(Debug)]
pub(crate) struct Installed {
    root: PathBuf,
    packages: BTreeMap<String, Paragraph>,
    /// Which packages provide a name that is none's.
    providers: BTreeMap<String, Vec<String>>,
}

/// What `var/lib/dpkg/status` says of a package.
#[derive(Debug)]
struct Paragraph {
    text: String,
    fields: BTreeMap<String, String>,
}

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

    /// The packages that are named and those that they depend on. What is in `unneeded` is left out, with what only it
    /// depends on: packages that others ask for to install themselves, not to run.
    pub(crate) fn with_dependencies(&self, wanted: &[&str], unneeded: &[&str]) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut left: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
        while let Some(name) = left.pop() {
            if unneeded.contains(&&*name) || found.contains(&name) {
                continue;
            }
            let Some(paragraph) = self.packages.get(&name) else {
                bail!(
                    "the package {name} is not in {}; build that anew: cargo run -p system --bin debian-root -- --rebuild",
                    self.root.display()
                );
            };
            let dependencies = [paragraph.field("Pre-Depends"), paragraph.field("Depends")];
            for mut alternatives in dependencies.into_iter().flat_map(names) {
                left.extend(alternatives.find_map(|name| self.installed(name)));
            }
            found.insert(name);
        }
        Ok(found)
    }

    /// The package of that name, or one that provides it.
    fn installed(&self, name: &str) -> Option<String> {
        let provider = || self.providers.get(name)?.first().cloned();
        self.packages
            .get_key_value(name)
            .map(|(name, _)| name.clone())
            .or_else(provider)
    }

    /// Copies the packages' files into a layer, of their programs those that are named, and what dpkg knows of them, for
    /// who looks for known weaknesses.
    pub(crate) fn copy(&self, packages: &BTreeSet<String>, programs: &[&str], layer: &mut Layer) -> Result<()> {
        let root = self
            .root
            .canonicalize()
            .with_context(|| format!("reading {}", self.root.display()))?;
        let mut status = String::new();
        for name in packages {
            for file in self.files(name)? {
                let Some(path) = place(&root, &file) else {
                    continue;
                };
                let left_out = LEFT_OUT.iter().any(|directory| path.starts_with(directory));
                let other_program = PROGRAMS
                    .iter()
                    .any(|directory| path.starts_with(directory) && path != Path::new(directory))
                    && !path
                        .file_name()
                        .is_some_and(|name| programs.iter().any(|program| name == *program));
                if !left_out && !other_program {
                    layer.copy(&path, &root.join(&path))?;
                }
            }
            status += &self.packages[name].text;
            status += "\n\n";
        }
        layer.file(Path::new(DATABASE).join("status"), status);
        Ok(())
    }

    /// Every file of a package's, as dpkg has listed them: paths from the root.
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

    /// For the bill of materials.
    pub(crate) fn bill(&self, packages: &BTreeSet<String>, distribution: &str) -> Vec<Package> {
        packages
            .iter()
            .map(|name| {
                let paragraph = &self.packages[name];
                let version = paragraph.field("Version");
                let architecture = paragraph.field("Architecture");
                // The characters of a version that mean something else in an address.
                let escaped = version.replace('%', "%25").replace('+', "%2B").replace(':', "%3A");
                Package {
                    name: name.clone(),
                    version: version.to_owned(),
                    address: format!("pkg:deb/debian/{name}@{escaped}?arch={architecture}&distro={distribution}"),
                    license: None,
                }
            })
            .collect()
    }
}

impl Paragraph {
    fn parse(text: &str) -> Self {
        let text = text.trim_matches('\n');
        // What begins with a space goes on with the field before, which none does that counts here.
        let fields = text
            .lines()
            .filter(|line| !line.starts_with(' '))
            .filter_map(|line| line.split_once(':'));
        Self {
            text: text.to_owned(),
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        }
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// `a (>= 1), b:any | c`: the names, alternatives together.
fn names(relations: &str) -> impl Iterator<Item = impl Iterator<Item = &str>> {
    relations.split(',').map(|relation| {
        relation
            .split('|')
            .filter_map(|alternative| alternative.split([' ', ':', '(']).find(|word| !word.is_empty()))
    })
}

/// Where a file really lies: packages still say `/lib` for what is `/usr/lib`. `None` where it is not there.
fn place(root: &Path, file: &Path) -> Option<PathBuf> {
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
    fn what_is_depended_on_comes_along_and_nothing_else() {
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
    fn a_bill_names_version_and_distribution() {
        let installed = Installed::parse(Path::new("/nowhere"), STATUS);
        let bill = installed.bill(&BTreeSet::from(["app".to_owned()]), "debian-13");
        assert_eq!(
            bill[0].address,
            "pkg:deb/debian/app@1%3A2%2B3?arch=all&distro=debian-13"
        );
        assert_eq!(bill[0].version, "1:2+3");
    }

    #[test]
    fn files_come_from_where_they_really_lie() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("usr/lib/package")).unwrap();
        std::os::unix::fs::symlink("usr/lib", root.join("lib")).unwrap();
        fs::write(root.join("usr/lib/package/file"), "").unwrap();
        assert_eq!(
            place(&root, Path::new("lib/package/file")),
            Some("usr/lib/package/file".into())
        );
        assert_eq!(place(&root, Path::new("lib")), Some("lib".into()));
        assert_eq!(place(&root, Path::new("lib/package/other")), None);
    }
}
