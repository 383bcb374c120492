//! The GitOps tree as Flux applies it: directories that Kustomize builds, with the versions of a cluster.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cluster::Tool;
use serde_json::Value;
use tempfile::TempDir;

use super::{stdout, workspace};

pub(crate) const CLUSTERS: [&str; 2] = ["staging", "production"];

/// The directory of the tree, relative to the repository's root.
pub(crate) const DEPLOY: &str = "ex3-stats-tracker/deploy";

/// The lines of a cluster's kustomization.yaml that a reader activates for an option.
const OPTIONS: &str = "# components:\n#   - ../../options/spinkube\n#   - ../../options/signature\n";

/// The tree of the repository, or a changed copy.
pub(crate) struct Tree {
    root: PathBuf,
    _copy: Option<TempDir>,
}

impl Tree {
    pub(crate) fn of_the_repository() -> Self {
        Self {
            root: workspace().to_path_buf(),
            _copy: None,
        }
    }

    /// A copy in which every cluster runs the component on SpinKube.
    pub(crate) fn with_spinkube() -> Self {
        Self::with_option("spinkube")
    }

    /// A copy in which every cluster has an option.
    pub(crate) fn with_option(option: &str) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_directory(&workspace().join(DEPLOY), &copy.path().join(DEPLOY));
        for cluster in CLUSTERS {
            let file = copy
                .path()
                .join(DEPLOY)
                .join("clusters")
                .join(cluster)
                .join("kustomization.yaml");
            let text = fs::read_to_string(&file).unwrap();
            let line = format!("  - ../../options/{option}\n");
            assert!(OPTIONS.contains(&line) && text.contains(OPTIONS), "{}", file.display());
            fs::write(&file, text.replace(OPTIONS, &format!("components:\n{line}"))).unwrap();
        }
        Self {
            root: copy.path().to_path_buf(),
            _copy: Some(copy),
        }
    }

    /// All directories of the tree that can be built alone. A component is a part of others.
    pub(crate) fn directories(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect(DEPLOY, &mut found);
        found.sort();
        found
    }

    fn collect(&self, directory: &str, found: &mut Vec<String>) {
        let path = self.root.join(directory);
        let kustomization = fs::read_to_string(path.join("kustomization.yaml"));
        if kustomization.is_ok_and(|text| text.lines().any(|line| line == "kind: Kustomization")) {
            found.push(directory.to_owned());
        }
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                self.collect(&format!("{directory}/{}", entry.file_name().display()), found);
            }
        }
    }

    /// The text that Kustomize builds of a directory. Cached, because all tests need the same few directories.
    fn built(&self, directory: &str) -> String {
        static BUILT: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());
        let path = self.root.join(directory.trim_start_matches("./"));
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let text = built.entry(path.clone()).or_insert_with(|| {
            let mut kubectl = Tool::Kubectl.command().unwrap();
            stdout(kubectl.arg("kustomize").arg(&path))
        });
        text.clone()
    }

    /// The YAML that Flux applies for a directory: with a cluster's versions.
    pub(crate) fn applied(&self, directory: &str, cluster: &str) -> String {
        let text = self.built(directory);
        if !text.contains("${") {
            return text;
        }
        let mut text = text;
        for (name, version) in self.versions(cluster) {
            text = text.replace(&format!("${{{name}}}"), &version);
        }
        assert!(
            !text.contains("${"),
            "{directory} has a version that {cluster} has not: {text}"
        );
        text
    }

    /// The objects that Flux applies for a directory.
    pub(crate) fn objects(&self, directory: &str, cluster: &str) -> Vec<Value> {
        let objects = objects(&self.applied(directory, cluster));
        assert!(!objects.is_empty(), "{directory} is empty");
        objects
    }

    /// The objects of a cluster's entry point.
    pub(crate) fn cluster(&self, cluster: &str) -> Vec<Value> {
        objects(&self.built(&format!("{DEPLOY}/clusters/{cluster}")))
    }

    /// The objects that Flux applies for one of its Kustomizations: those of a path, with the components that the
    /// Kustomization adds.
    pub(crate) fn objects_of(&self, kustomization: &Value, cluster: &str) -> Vec<Value> {
        let path = kustomization["spec"]["path"].as_str().unwrap().trim_start_matches("./");
        let components = kustomization["spec"]["components"].as_array();
        if let Some(components) = components.filter(|components| !components.is_empty()) {
            let file = self.root.join(path).join("kustomization.yaml");
            let text = fs::read_to_string(&file).unwrap();
            if !text.contains("\ncomponents:") {
                assert!(self._copy.is_some(), "the repository's own tree is not written to");
                fs::write(
                    &file,
                    format!("{text}components: {}\n", Value::Array(components.clone())),
                )
                .unwrap();
            }
        }
        let objects = self.objects(path, cluster);
        if self.built(path).contains("${") {
            let source = &kustomization["spec"]["postBuild"]["substituteFrom"][0];
            assert_eq!(
                (&source["kind"], &source["name"]),
                (&"ConfigMap".into(), &"versions".into()),
                "{path}"
            );
        }
        objects
    }

    /// The versions of a cluster by name.
    pub(crate) fn versions(&self, cluster: &str) -> BTreeMap<String, String> {
        let objects = self.cluster(cluster);
        let versions = objects
            .iter()
            .find(|object| object["kind"] == "ConfigMap" && object["metadata"]["name"] == "versions");
        let data = versions.and_then(|versions| versions["data"].as_object());
        let data = data.unwrap_or_else(|| panic!("{cluster} has no versions"));
        data.iter()
            .map(|(name, version)| (name.clone(), version.as_str().unwrap().to_owned()))
            .collect()
    }
}

pub(crate) fn objects(yaml: &str) -> Vec<Value> {
    serde_saphyr::from_multiple::<Value>(yaml)
        .unwrap()
        .into_iter()
        .filter(|object| !object.is_null())
        .collect()
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_directory(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
