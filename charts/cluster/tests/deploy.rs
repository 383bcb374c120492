//! Consistency of the GitOps tree: directories, dependencies, versions, values, and the commands of the walk-through.
//!
//! Nothing here needs an API server: `kubectl kustomize` and `helm template` render without one.
//!
//!     cargo test -p cluster --test deploy

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
    sync::{Mutex, PoisonError},
};

use cluster::Tool;
use serde_json::Value;
use system::workspace;

const CLUSTERS: [&str; 2] = ["staging", "production"];

/// The path of the tree in Flux.
const DEPLOY: &str = "ex3-stats-tracker/deploy";

/// Namespaces that exist before Flux.
const BEFORE_FLUX: [&str; 1] = ["flux-system"];

fn read(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The stdout of a command, which must succeed.
fn output(command: &mut Command) -> String {
    let output = command.current_dir(workspace()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn objects(yaml: &str) -> Vec<Value> {
    serde_saphyr::from_multiple::<Value>(yaml)
        .unwrap()
        .into_iter()
        .filter(|object| !object.is_null())
        .collect()
}

/// The objects that Flux applies for a directory. Cached, because all tests need the same few directories.
fn kustomized(directory: &str) -> Vec<Value> {
    static RENDERED: Mutex<BTreeMap<String, Vec<Value>>> = Mutex::new(BTreeMap::new());
    let mut rendered = RENDERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(objects) = rendered.get(directory) {
        return objects.clone();
    }
    let mut kubectl = Tool::Kubectl.command().unwrap();
    let objects = objects(&output(kubectl.args(["kustomize", directory])));
    assert!(!objects.is_empty(), "{directory} is empty");
    rendered.insert(directory.to_owned(), objects.clone());
    objects
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// The objects of a kind. Kustomize's own kind `Kustomization` is in no rendering.
fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| text(object, "/kind") == kind).collect()
}

fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// A cluster's Flux Kustomizations in the order of their dependencies, each with its objects. Those of other
/// repositories can't be rendered here.
fn in_order(cluster: &str) -> Vec<(String, Vec<Value>)> {
    let objects = kustomized(&format!("{DEPLOY}/clusters/{cluster}"));
    let mut waiting = of_kind(&objects, "Kustomization");
    let mut done: Vec<(String, Vec<Value>)> = Vec::new();
    while !waiting.is_empty() {
        let ready = |kustomization: &Value| {
            list(kustomization, "/spec/dependsOn")
                .all(|dependency| done.iter().any(|(before, _)| before == text(dependency, "/name")))
        };
        let next = waiting
            .iter()
            .position(|kustomization| ready(kustomization))
            .unwrap_or_else(|| {
                let names: Vec<_> = waiting.iter().map(|kustomization| name(kustomization)).collect();
                panic!("{cluster}: {names:?} wait for each other, or for one that is not there")
            });
        let kustomization = waiting.remove(next);
        let path = text(kustomization, "/spec/path").trim_start_matches("./");
        let applied = match text(kustomization, "/spec/sourceRef/name") {
            "flux-system" => kustomized(path),
            _ => Vec::new(),
        };
        done.push((name(kustomization).to_owned(), applied));
    }
    done
}

/// The release of the tracker on a cluster.
fn tracker(cluster: &str) -> Value {
    let objects = kustomized(&format!("{DEPLOY}/apps/{cluster}"));
    let releases = of_kind(&objects, "HelmRelease");
    assert_eq!(releases.len(), 1, "{cluster}");
    releases[0].clone()
}

/// The rendered chart with a cluster's values.
fn tracker_rendered(cluster: &str) -> Vec<Value> {
    let release = tracker(cluster);
    let directory = tempfile::tempdir().unwrap();
    let values = directory.path().join("values.json");
    fs::write(&values, release["spec"]["values"].to_string()).unwrap();
    let mut helm = Tool::Helm.command().unwrap();
    helm.args(["template", text(&release, "/spec/releaseName"), "charts/stats-tracker"]);
    helm.args(["--namespace", namespace(&release), "--kube-version"]);
    helm.arg(Tool::kubernetes_version()).arg("--values").arg(&values);
    objects(&output(&mut helm))
}

fn walk_through() -> Vec<String> {
    let directory = workspace().join(DEPLOY).join("walk-through");
    let mut scripts: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".sh"))
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty());
    scripts
}

fn script(name: &str) -> String {
    read(&format!("{DEPLOY}/walk-through/{name}"))
}

#[test]
fn flux_goes_from_definitions_to_controllers_to_configs_to_the_tracker() {
    for cluster in CLUSTERS {
        let order: Vec<String> = in_order(cluster).into_iter().map(|(name, _)| name).collect();
        assert_eq!(order, ["definitions", "controllers", "configs", "apps"], "{cluster}");
    }
}

#[test]
fn every_cluster_begins_at_its_own_directory() {
    for cluster in CLUSTERS {
        let directory = format!("{DEPLOY}/clusters/{cluster}");
        let objects = kustomized(&directory);
        let instances = of_kind(&objects, "FluxInstance");
        assert_eq!(instances.len(), 1, "{cluster}");
        assert_eq!(text(instances[0], "/spec/sync/path"), directory);
        let apps = of_kind(&objects, "Kustomization")
            .into_iter()
            .find(|kustomization| name(kustomization) == "apps")
            .map(|kustomization| text(kustomization, "/spec/path").to_owned());
        assert_eq!(apps, Some(format!("./{DEPLOY}/apps/{cluster}")));
    }
}

#[test]
fn every_namespace_is_created_before_its_objects() {
    for cluster in CLUSTERS {
        let mut there: BTreeSet<String> = BEFORE_FLUX.map(str::to_owned).into();
        for (kustomization, objects) in in_order(cluster) {
            // Flux applies namespaces before the other objects of a Kustomization.
            there.extend(of_kind(&objects, "Namespace").into_iter().map(|it| name(it).to_owned()));
            for object in &objects {
                let namespace = namespace(object);
                assert!(
                    namespace.is_empty() || there.contains(namespace),
                    "{cluster}: {kustomization} has {} in {namespace}, which nothing before it makes",
                    name(object)
                );
            }
        }
    }
}

#[test]
fn every_release_has_a_chart_and_depends_on_existing_releases() {
    for cluster in CLUSTERS {
        for (kustomization, objects) in in_order(cluster) {
            let charts = of_kind(&objects, "OCIRepository");
            let releases = of_kind(&objects, "HelmRelease");
            let place = |object: &Value| (namespace(object).to_owned(), name(object).to_owned());
            for release in &releases {
                let chart = (
                    namespace(release).to_owned(),
                    text(release, "/spec/chartRef/name").to_owned(),
                );
                let found = charts.iter().find(|it| place(it) == chart);
                let found = found.unwrap_or_else(|| panic!("{cluster}: {kustomization} has no chart {chart:?}"));
                // Otherwise the chart's archive would be unpacked, but helm-controller needs the archive.
                assert_eq!(text(found, "/spec/layerSelector/operation"), "copy", "{chart:?}");
                for dependency in list(release, "/spec/dependsOn") {
                    let wanted = (
                        text(dependency, "/namespace").to_owned(),
                        text(dependency, "/name").to_owned(),
                    );
                    assert!(
                        releases.iter().any(|it| place(it) == wanted),
                        "{cluster}: no {wanted:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_secret_is_in_git_and_no_option_is_on() {
    for cluster in CLUSTERS {
        let mut objects = kustomized(&format!("{DEPLOY}/clusters/{cluster}"));
        objects.extend(in_order(cluster).into_iter().flat_map(|(_, objects)| objects));
        assert!(of_kind(&objects, "Secret").is_empty(), "{cluster}");
        assert!(objects.iter().all(|object| name(object) != "weave-gitops"), "{cluster}");
    }
    let option = kustomized(&format!("{DEPLOY}/options/weave-gitops"));
    assert_eq!(of_kind(&option, "HelmRelease").len(), 1);
}

#[test]
fn the_operators_definitions_are_those_of_its_chart() {
    let cluster = kustomized(&format!("{DEPLOY}/clusters/staging"));
    let definitions = of_kind(&cluster, "GitRepository");
    let tag = text(definitions[0], "/spec/ref/tag");
    let controllers = kustomized(&format!("{DEPLOY}/infrastructure/controllers"));
    let chart = of_kind(&controllers, "OCIRepository")
        .into_iter()
        .find(|chart| name(chart) == "spin-operator")
        .unwrap();
    assert_eq!(tag, format!("v{}", text(chart, "/spec/ref/tag")));
}

/// The walk-through installs the same charts by hand that Flux installs from Git.
#[test]
fn the_walk_through_has_the_versions_of_the_gitops_tree() {
    let controllers = kustomized(&format!("{DEPLOY}/infrastructure/controllers"));
    let by_hand = ["flux.sh", "spinkube.sh"].map(script).concat().replace("\\\n", " ");
    for chart in of_kind(&controllers, "OCIRepository") {
        let name = name(chart);
        let command = by_hand
            .lines()
            .find(|line| line.starts_with(&format!("helm install {name} ")))
            .unwrap_or_else(|| panic!("no `helm install {name}`"));
        let mut words = command.split_whitespace();
        words.find(|word| *word == "--version").unwrap();
        let version = words.next().unwrap().trim_start_matches('v');
        let exact = text(chart, "/spec/ref/tag");
        let wanted = if exact.is_empty() {
            text(chart, "/spec/ref/semver").trim_end_matches('x')
        } else {
            exact
        };
        assert!(
            !wanted.is_empty() && version.starts_with(wanted),
            "{name}: {version}, not {wanted}"
        );
        let url = text(chart, "/spec/url");
        assert!(by_hand.contains(url), "{name}: {url}");
    }
}

#[test]
fn the_chart_accepts_both_clusters_values() {
    for cluster in CLUSTERS {
        let objects = tracker_rendered(cluster);
        assert_eq!(of_kind(&objects, "SpinApp").len(), 1, "{cluster}");
    }
    assert_eq!(
        of_kind(&tracker_rendered("staging"), "StatefulSet").len(),
        1,
        "a database of its own"
    );
    let production = tracker_rendered("production");
    assert!(of_kind(&production, "StatefulSet").is_empty(), "a database of ours");
    assert!(
        of_kind(&production, "Secret").is_empty(),
        "each rendering would have other ones"
    );
}

#[test]
fn the_walk_through_creates_the_secrets_of_production() {
    let values = &tracker("production")["spec"]["values"];
    let commands = script("production.sh");
    for pointer in ["/rails/existingSecret", "/database/external/existingSecret"] {
        let secret = text(values, pointer);
        assert!(
            commands.contains(&format!("create secret generic {secret} ")),
            "{pointer}: {secret}"
        );
    }
}

#[test]
fn every_command_of_the_walk_through_is_shown_and_is_a_command() {
    let readmes = [
        read("ex3-stats-tracker/README.md"),
        read(&format!("{DEPLOY}/README.md")),
    ]
    .concat();
    for name in walk_through() {
        let path = format!("{DEPLOY}/walk-through/{name}");
        output(Command::new("sh").args(["-n", &path]));
        for region in script(&name).lines().filter_map(|line| line.strip_prefix("# region: ")) {
            let marker = format!("<!-- file: {path}#{region} -->");
            assert!(readmes.contains(&marker), "no README shows {name}'s {region}");
        }
    }
}

/// `service/NAME` and similar names are objects of the chart, with the release's name in the walk-through.
#[test]
fn the_walk_through_names_objects_of_the_chart() {
    let staging = tracker_rendered("staging");
    let made: BTreeSet<String> = staging
        .iter()
        .map(|object| format!("{}/{}", text(object, "/kind").to_lowercase(), name(object)))
        .collect();
    let mut named = 0;
    for script in walk_through().iter().map(|name| script(name)) {
        for word in script.split(|letter: char| letter.is_whitespace() || letter == '=') {
            let kind = word.split_once('/').map(|(kind, _)| kind);
            if matches!(kind, Some("service" | "cronjob" | "statefulset" | "deployment"))
                && word != "service/flux-operator"
            {
                assert!(made.contains(word), "the chart makes no {word}: {made:?}");
                named += 1;
            }
        }
    }
    assert!(named > 0);
}
