//! Tests of the images' metadata for registries and runtimes.

use std::process::Command;

use cyclonedx_bom::prelude::Bom;
use images::{Image, RUNTIME_CLASS, USER, VERSION};
use serde_json::{Value, json};
use system::architecture::Architecture;

use crate::built::{blob, build, inspect, layout, run, tag};

#[test]
fn each_runs_as_a_user_without_rights_and_has_labels() {
    for image in Image::ALL {
        let configuration = inspect(image, &tag(image), "--config");
        let config = &configuration["config"];
        assert_eq!(config["User"], format!("{USER}:{USER}"), "{image:?}");
        assert_eq!(configuration["os"], "linux");
        let manifest = inspect(image, &tag(image), "--raw");
        for said in [&config["Labels"], &manifest["annotations"]] {
            let says = |name: &str| {
                said[format!("org.opencontainers.image.{name}")]
                    .as_str()
                    .unwrap_or_default()
            };
            assert_eq!(says("version"), VERSION, "{image:?}");
            assert_eq!(says("licenses"), "Apache-2.0");
            assert!(says("source").starts_with("https://github.com/"), "{said}");
            assert!(!says("title").is_empty() && !says("description").is_empty(), "{said}");
        }
    }
    let component = inspect(Image::Component, VERSION, "--config");
    assert_eq!(component["config"]["Entrypoint"], json!(["/ex3-stats-tracker"]));
    assert_eq!(
        component["config"]["Cmd"],
        json!(["serve", "--bind", "0.0.0.0", "--port", "3000"])
    );
    let rails = inspect(Image::Rails, VERSION, "--config");
    assert_eq!(rails["config"]["Cmd"], json!(["puma"]));
    assert_eq!(rails["config"]["WorkingDir"], "/rails");
}

#[test]
fn spins_artifact_is_what_spin_pushes() {
    let manifest = inspect(Image::Spin, VERSION, "--raw");
    let layers = manifest["layers"].as_array().unwrap();
    let of_type = |media_type: &str| {
        let mut found = layers.iter().filter(|layer| layer["mediaType"] == media_type);
        let layer = found
            .next()
            .unwrap_or_else(|| panic!("no layer of {media_type}: {layers:?}"));
        assert!(found.next().is_none());
        layer["digest"].clone()
    };
    let module = of_type("application/vnd.wasm.content.layer.v1+wasm");
    let application = of_type("application/vnd.fermyon.spin.application.v1+config");
    assert!(blob(Image::Spin, &module).starts_with(b"\0asm"));

    let configuration: Value = serde_json::from_slice(&blob(Image::Spin, &manifest["config"]["digest"])).unwrap();
    assert_eq!(configuration["architecture"], "wasm");
    assert_eq!(
        configuration["config"]["Labels"]["com.fermyon.spin.lockedAppDigest"],
        application
    );

    let locked: Value = serde_json::from_slice(&blob(Image::Spin, &application)).unwrap();
    assert_eq!(locked["spin_lock_version"], 0);
    assert_eq!(locked["metadata"]["name"], "stats-tracker");
    assert_eq!(locked["variables"]["github_url"]["default"], "https://github.com");
    let triggers = locked["triggers"].as_array().unwrap();
    assert_eq!(triggers.len(), 1);
    assert_eq!(triggers[0]["trigger_type"], "http");
    assert_eq!(triggers[0]["trigger_config"]["route"], "/...");
    let components = locked["components"].as_array().unwrap();
    assert_eq!(components.len(), 1);
    assert_eq!(components[0]["id"], triggers[0]["trigger_config"]["component"]);
    assert_eq!(components[0]["source"]["digest"], module);
    assert_eq!(
        components[0]["metadata"]["allowed_outbound_hosts"],
        json!(["{{ github_url }}"])
    );
    assert_eq!(components[0]["config"]["contact"], "{{ contact }}");

    let other = inspect(Image::Spin, &format!("{VERSION}{RUNTIME_CLASS}"), "--raw");
    assert_ne!(other["config"]["digest"], manifest["config"]["digest"]);
}

#[test]
fn each_has_a_bill_of_exactly_its_packages() {
    let bills = |image: Image| {
        let index: Value = serde_json::from_slice(&std::fs::read(layout(image).join("index.json")).unwrap()).unwrap();
        let (named, others): (Vec<_>, Vec<_>) = index["manifests"]
            .as_array()
            .unwrap()
            .clone()
            .into_iter()
            .partition(|entry| entry["annotations"]["org.opencontainers.image.ref.name"].is_string());
        let bills: Vec<Bom> = others
            .iter()
            .map(|entry| {
                assert_eq!(entry["artifactType"], "application/vnd.cyclonedx+json");
                let manifest: Value = serde_json::from_slice(&blob(image, &entry["digest"])).unwrap();
                let subject = &manifest["subject"]["digest"];
                assert!(named.iter().any(|image| image["digest"] == *subject), "{manifest}");
                Bom::parse_from_json(&*blob(image, &manifest["layers"][0]["digest"])).unwrap()
            })
            .collect();
        assert_eq!(bills.len(), named.len(), "one for each");
        bills
    };
    let names = |bill: &Bom| -> Vec<String> {
        let components = bill.components.as_ref().unwrap();
        components
            .0
            .iter()
            .map(|component| component.name.to_string())
            .collect()
    };
    let component = names(&bills(Image::Component)[0]);
    for there in ["wasmtime", "rustls", "webpki-roots", "ex2-parser", "memchr"] {
        assert!(component.iter().any(|name| name == there), "{there}: {component:?}");
    }
    for left_out in ["cranelift-codegen", "github", "criterion", "reqwest", "serde_derive"] {
        assert!(!component.iter().any(|name| name == left_out), "{left_out}");
    }
    for spin in bills(Image::Spin) {
        let spin = names(&spin);
        assert!(spin.iter().any(|name| name == "spin-sdk"), "{spin:?}");
        assert!(!spin.iter().any(|name| name == "wasmtime"), "{spin:?}");
    }
    let rails = &bills(Image::Rails)[0];
    let addresses: Vec<_> = rails
        .components
        .as_ref()
        .unwrap()
        .0
        .iter()
        .map(|component| component.purl.as_ref().unwrap().to_string())
        .collect();
    for there in [
        "pkg:deb/debian/libruby3.3@",
        "pkg:deb/debian/ruby-pg@",
        "pkg:deb/debian/libc6@",
        "pkg:npm/uplot@",
    ] {
        assert!(
            addresses.iter().any(|address| address.starts_with(there)),
            "{there}: {addresses:?}"
        );
    }
    for left_out in [
        "pkg:deb/debian/bash@",
        "pkg:deb/debian/apt@",
        "pkg:deb/debian/ruby-capybara@",
        "pkg:npm/esbuild@",
    ] {
        assert!(
            !addresses.iter().any(|address| address.starts_with(left_out)),
            "{left_out}"
        );
    }
}

/// The image for a RuntimeClass needs no program, so that it is soon built for every processor.
#[test]
fn an_image_for_several_architectures_has_one_tag() {
    let directory = tempfile::tempdir().unwrap();
    let layout = Image::Spin.build_for(&Architecture::ALL, directory.path()).unwrap();
    for architecture in Architecture::ALL {
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["--override-arch", architecture.name(), "inspect", "--config"]);
        skopeo.arg(format!("oci:{}:{}", layout.display(), tag(Image::Spin)));
        let configuration: Value = serde_json::from_slice(&run(&mut skopeo)).unwrap();
        assert_eq!(configuration["architecture"], architecture.name());
    }
    let index: Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let bills = entries.iter().filter(|entry| entry["artifactType"].is_string());
    assert_eq!(bills.count(), 3, "of Spin's artifact and of each image: {index}");
}

#[test]
fn the_same_source_gives_the_same_digests() {
    for image in Image::ALL {
        let elsewhere = tempfile::tempdir().unwrap();
        let again = build(image, elsewhere.path());
        let index = |directory: &std::path::Path| std::fs::read_to_string(directory.join("index.json")).unwrap();
        assert_eq!(index(&again), index(layout(image)), "{image:?}");
    }
}
