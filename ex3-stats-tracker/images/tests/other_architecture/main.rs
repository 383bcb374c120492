//! The images for 64-bit Arm, built on a machine with an x86-64 processor. QEMU emulates the other processor for their
//! programs, in the unpacked images.
//!
//!     cargo test -p images --test other_architecture -- --ignored --nocapture
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "../images/built.rs"]
#[allow(dead_code, reason = "the tests of this machine's images use the rest")]
mod built;
mod emulated;

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Instant,
};

use built::{is_root, run};
use emulated::Emulated;
use github::pages::PackagePage;
use images::Image;
use serde_json::Value;
use system::architecture::Architecture::{self, Arm64};
use walkdir::WalkDir;

/// Debian's toolchain for another architecture, and the emulator.
const PROGRAMS: [&str; 4] = [
    "/usr/bin/cargo",
    "/usr/bin/rustc",
    "/usr/bin/aarch64-linux-gnu-gcc",
    emulated::EMULATOR,
];

/// The images with programs.
const IMAGES: [Image; 2] = [Image::Component, Image::Rails];

/// The first bytes of an ELF file.
const ELF: &[u8] = b"\x7fELF";

/// The place of the processor in an ELF file, and the number of 64-bit Arm there.
const ELF_MACHINE: std::ops::Range<usize> = 18..20;
const ELF_AARCH64: [u8; 2] = [183, 0];

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(env!("CARGO_CRATE_NAME"))
        .join(name)
}

fn build(image: Image, architectures: &[Architecture], place: &str) -> PathBuf {
    let built = image.build_for(architectures, &directory(place));
    built.unwrap_or_else(|error| panic!("{error:#}"))
}

/// The layout of an image for both architectures, which is built once for all tests.
fn layout(image: Image) -> &'static Path {
    static LAYOUTS: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
    LAYOUTS[image as usize].get_or_init(|| build(image, &Architecture::ALL, "first"))
}

/// The files of an image for 64-bit Arm, unpacked once for all tests.
fn root(image: Image) -> &'static Path {
    static ROOTS: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
    ROOTS[image as usize].get_or_init(|| {
        let bundle = directory("bundles").join(image.name());
        let _ = fs::remove_dir_all(&bundle);
        fs::create_dir_all(bundle.parent().unwrap()).unwrap();
        // umoci takes only the image of one platform.
        let single = directory("single").join(image.name());
        fs::create_dir_all(&single).unwrap();
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["--override-arch", Arm64.name(), "copy", "--quiet"]);
        skopeo.arg(format!("oci:{}:{}", layout(image).display(), images::VERSION));
        run(skopeo.arg(format!("oci:{}:one", single.display())));
        let mut umoci = Command::new("umoci");
        umoci
            .args(["unpack", "--image"])
            .arg(format!("{}:one", single.display()));
        if !is_root() {
            umoci.arg("--rootless");
        }
        run(umoci.arg(&bundle));
        bundle.join("rootfs")
    })
}

#[test]
#[ignore = "the build of the host for another processor takes minutes"]
fn the_images_for_another_architecture_are_whole_and_run() {
    if let Some(missing) = PROGRAMS.iter().find(|program| !Path::new(program).exists()) {
        eprintln!("skipped: {missing} is not installed; `cargo xtask setup` installs it on Debian");
        return;
    }
    let start = Instant::now();
    for step in [
        all_programs_and_libraries_are_for_the_processor,
        rails_has_the_same_packages_for_each_processor,
        the_component_answers,
        rails_migrates,
        the_same_source_gives_the_same_digests,
    ] {
        step();
        println!("{:.0} s", start.elapsed().as_secs_f64());
    }
}

fn the_same_source_gives_the_same_digests() {
    for image in Image::ALL {
        let again = build(image, &Architecture::ALL, "again");
        let index = |layout: &Path| fs::read_to_string(layout.join("index.json")).unwrap();
        assert_eq!(index(&again), index(layout(image)), "{image:?}");
    }
}

/// A root of another architecture would give an image that starts nowhere.
fn all_programs_and_libraries_are_for_the_processor() {
    for image in IMAGES {
        let mut count = 0;
        for file in WalkDir::new(root(image)) {
            let file = file.unwrap();
            if !file.file_type().is_file() {
                continue;
            }
            let content = fs::read(file.path()).unwrap();
            if content.starts_with(ELF) {
                assert_eq!(content[ELF_MACHINE], ELF_AARCH64, "{}", file.path().display());
                count += 1;
            }
        }
        // The component's compiled code is an ELF file, too.
        assert!(count >= 2, "{image:?} has {count}");
    }
}

/// The packages of this machine's architecture are installed in a root, and those of another one only unpacked.
fn rails_has_the_same_packages_for_each_processor() {
    let packages = |architecture: Architecture| -> BTreeSet<String> {
        let bills = bills(layout(Image::Rails));
        let of_architecture = format!("arch={}", architecture.name());
        let bill = bills.iter().find(|bill| bill.to_string().contains(&of_architecture));
        let bill = bill.unwrap_or_else(|| panic!("no bill for {architecture:?}"));
        let components = bill["components"].as_array().unwrap();
        let names = components
            .iter()
            .map(|component| component["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    let arm64 = packages(Arm64);
    assert!(arm64.contains("libruby3.3"), "{arm64:?}");
    assert_eq!(arm64, packages(Architecture::Amd64));
}

/// The bills of materials in a layout.
fn bills(layout: &Path) -> Vec<Value> {
    let read = |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let blob = |digest: &Value| {
        let hash = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
        read(layout.join("blobs/sha256").join(hash))
    };
    let index = read(layout.join("index.json"));
    let entries = index["manifests"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry["artifactType"].is_string())
        .map(|entry| blob(&blob(&entry["digest"])["layers"][0]["digest"]))
        .collect()
}

fn the_component_answers() {
    let arguments = ["serve", "--bind", "127.0.0.1", "--port", "0"];
    let host = Emulated::new(root(Image::Component), "/ex3-stats-tracker", &arguments).serve();
    let page = PackagePage::default();
    let body = page.render();
    let mut stream = TcpStream::connect(host.address()).unwrap();
    let request = format!(
        "POST /extract HTTP/1.1\r\nHost: {}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        host.address(),
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let start = response.find('{').unwrap_or_else(|| panic!("no JSON: {response}"));
    let end = response.rfind('}').unwrap();
    let answer: Value = serde_json::from_str(&response[start..=end]).unwrap();
    assert_eq!(answer["total"], page.total, "{response}");
}

fn rails_migrates() {
    let database = tempfile::tempdir().unwrap();
    let mut ruby = Emulated::new(root(Image::Rails), "/usr/bin/ruby", &["-e", "puts RUBY_PLATFORM"]).command();
    assert_eq!(String::from_utf8(run(&mut ruby)).unwrap(), "aarch64-linux-gnu\n");
    let mut rails = Emulated::new(root(Image::Rails), "/usr/bin/ruby", &["bin/rails"])
        .args(&["db:migrate", "db:version"])
        .current_dir("/rails")
        .env("DATABASE_URL", "sqlite3:/storage/production.sqlite3")
        .env("SECRET_KEY_BASE", &"0".repeat(64))
        .write(database.path(), "/storage")
        .command();
    let said = String::from_utf8(run(&mut rails)).unwrap();
    let migrations = fs::read_dir(root(Image::Rails).join("rails/db/migrate")).unwrap();
    let names: BTreeSet<_> = migrations
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let newest = names.last().unwrap().split('_').next().unwrap();
    assert!(
        said.contains(&format!("Current version: {newest}")),
        "{said}: {names:?}"
    );
    assert!(database.path().join("production.sqlite3").is_file());
}
